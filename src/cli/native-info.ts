import { prebuiltAddon } from '../builtin/prebuilt-addon.ts'
import { cmakeDir } from '../builtin/runtime-library.ts'
import { apiLibrary, getIncludeDirs } from '../pipeline/native.ts'
import { ownVersion } from '../cache/index.ts'
import { resolveTarget } from '../targets/index.ts'
import type { Command } from './command.ts'
import { buildOptions } from './model-build.ts'
import { summaries } from './summaries.ts'

/** What is known before anything is compiled. */
const still = ['includeDirs', 'cmakeDirs', 'version'] as const

/** Where a C or C++ program finds what it takes to run models. */
export const nativeInfo: Command = {
  name: 'native-info',
  summary: summaries['native-info'],
  options: {
    target: buildOptions.target,
    targets: buildOptions.targets,
    print: { type: 'string', value: 'NAME', help: 'only one of these, a line each: see below' },
    cache: buildOptions.cache,
  },
  notes: `includeDirs: headers, -I. libraryDirs: -L; libraries: onnx-mlir-runtime, the static one and the shared one: compiled with the C
compiler for the target when they are first asked for. pkgConfigDirs: for PKG_CONFIG_PATH, the package is unplugin-onnx-mlir.
cmakeDirs: for CMAKE_PREFIX_PATH, the package is UnpluginOnnxMlir.
cc main.c -I"$(unplugin-onnx-mlir native-info --print includeDirs | head -1)" …`,
  async run({ values, signal, usage }) {
    const { print, cache } = values
    const target = resolveTarget(values['target'] ?? 'host').name
    const known = { version: ownVersion(), target, includeDirs: getIncludeDirs(), cmakeDirs: [cmakeDir] }
    const isStill = still.some((name) => name === print)
    const options = { target, ...(cache && { cache }), signal }
    const info = isStill ? known : { ...known, ...(await libraryInfo(options)) }
    const shown = Object.entries(info).filter(([name]) => print === undefined || name === print)
    if (shown.length === 0)
      throw usage(`--print must be one of ${Object.keys(info).join(', ')}, not ${JSON.stringify(print)}`)
    const lines = shown.flatMap(([name, value]) => {
      const texts = typeof value === 'string' ? [value] : value
      return print === undefined ? [`${name}: ${texts.join(' ')}`] : texts
    })
    return { ok: true, text: lines.join('\n'), json: info }
  },
}

async function libraryInfo(options: Parameters<typeof apiLibrary>[0]) {
  const { folder, static: archive, shared, pkgConfigDir } = await apiLibrary(options)
  const addon = prebuiltAddon()
  return {
    libraryDirs: [folder],
    libraries: shared === undefined ? [archive] : [archive, shared],
    pkgConfigDirs: [pkgConfigDir],
    ...(addon !== undefined && { addon }),
  }
}
