import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { isDeclarationFile } from '../emit/declaration-file.ts'

/** Files of a program, and what it resolves to declarations of models. Paths are absolute. */
export interface Program {
  readonly files: ReadonlySet<string>
  readonly modelImports: readonly { readonly specifier: string; readonly file: string }[]
  /** What is wrong with it, and with the configurations that it extends, in TypeScript's words. */
  readonly configFault: string | undefined
}

/** A file that can't be read, is no JSON or isn't there, a circle, an empty name, a value of another kind. */
const ofConfig =
  /error TS(?:5083|6053|18000|18051): .*|.+\.json\(\d+,\d+\): error TS(?:1\d{3}: .*|5024: Compiler option '(?:extends|files|include|exclude|references|compilerOptions|rootDirs|allowArbitraryExtensions)' .*)/

/** Options as TypeScript has them, those of all bases included. Paths are absolute. */
export interface ShownOptions {
  readonly rootDirs: readonly string[]
  readonly allowArbitraryExtensions: boolean
}

/** The `tsc` that a project has, of any version; none where TypeScript isn't installed. */
export function tscOf(root: string): string | undefined {
  try {
    return join(dirname(createRequire(join(root, 'package.json')).resolve('typescript/package.json')), 'bin/tsc')
  } catch {
    return undefined
  }
}

/**
 * What TypeScript makes of a configuration, by its own account of why each file is in the program: its command is the only
 * way to ask that versions 5 to 7 have in common. Nothing is checked, which would take longer.
 */
export async function programOf(tsc: string, config: string): Promise<Program> {
  const cwd = dirname(config)
  const args = ['--project', config, '--listFilesOnly', '--explainFiles', '--locale', 'en', '--pretty', 'false']
  const { output } = await run([tsc, ...args], cwd)
  const files = new Set<string>()
  const modelImports: { specifier: string; file: string }[] = []
  let isModel = false
  for (const line of output.split(/\r?\n/)) {
    // 5 and 6 quote as the source does.
    const [, specifier, file] = /^ +Imported via '(.*?)' from file '(.*?)'/.exec(line.replaceAll('"', "'")) ?? []
    // What it has to say of the configuration, `tsconfig.json(1,35): error TS5024: …`, is among them.
    if (line !== '' && !line.startsWith(' ') && !/(^|: )error TS\d+: /.test(line)) {
      files.add(resolve(cwd, line))
      isModel = isDeclarationFile(line)
    } else if (isModel && specifier !== undefined && file !== undefined)
      modelImports.push({ specifier, file: resolve(cwd, file) })
  }
  return { files, modelImports, configFault: ofConfig.exec(output)?.[0] }
}

/** @returns TypeScript's error as a text where it can't make sense of the configuration */
export async function optionsOf(tsc: string, config: string): Promise<ShownOptions | string> {
  const { code, output } = await run([tsc, '--project', config, '--showConfig'])
  if (code !== 0) return output.trim()
  const { compilerOptions = {} } = JSON.parse(output) as {
    readonly compilerOptions?: { readonly rootDirs?: readonly string[]; readonly allowArbitraryExtensions?: boolean }
  }
  return {
    rootDirs: compilerOptions.rootDirs?.map((path) => resolve(dirname(config), path)) ?? [],
    allowArbitraryExtensions: compilerOptions.allowArbitraryExtensions === true,
  }
}

function run(args: readonly string[], cwd?: string): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      done({ code: error ? 1 : 0, output: stdout + stderr })
    })
  })
}
