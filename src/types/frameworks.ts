import type { Settings } from './problem.ts'

/**
 * What to do about a configuration that a framework writes anew with every build, so that a change of it is lost.
 *
 * @param file the configuration, relative to the project
 * @returns `undefined` for one that people write
 */
export function adviceFor(file: string, { entry, ...compilerOptions }: Settings): string | undefined {
  const folder = file.split('/').slice(0, -1)
  if (!folder.some((name) => name.startsWith('.') || name === 'node_modules')) return undefined
  const context = file.startsWith('.nuxt/') ? nuxt[file.slice('.nuxt/'.length)] : undefined
  if (context === undefined)
    return `${file} is generated, so a change of it would be lost. Have what generates it write this into it:\n${text({ compilerOptions, include: [entry] })}`
  const [option, more] = context
  return (
    `Nuxt writes it anew. Put modules: ['unplugin-onnx-mlir/nuxt'] into nuxt.config, or this; then run npx nuxt prepare:\n` +
    `  ${option}: ${text({ compilerOptions, include: [entry] }).trim()}${more}`
  )
}

/** Options of nuxt.config that go into each configuration, which Nuxt merges with its own. */
const nuxt: Readonly<Record<string, readonly [string, string]>> = {
  'tsconfig.app.json': ['typescript: { tsConfig', ' }'],
  'tsconfig.shared.json': ['typescript: { sharedTsConfig', ' }'],
  'tsconfig.node.json': ['typescript: { nodeTsConfig', ' }'],
  'tsconfig.server.json': ['nitro: { typescript: { tsConfig', ' } }'],
  'tsconfig.json': ['typescript: { tsConfig', ' }'],
}

function text(value: object): string {
  return `  ${JSON.stringify(value, null, 1).replace(/\s+/g, ' ')}`
}
