import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { which } from '../../src/toolchains/programs.ts'
import { checkout, installPacked, type Project, temporaryFolder } from './installed.ts'

// What a C++ project gets of the package as it is packed: headers, libraries, CMake, pkg-config.

const run = promisify(execFile)
const has = (name: string): boolean => which(name, process.env) !== undefined
const elf = process.platform === 'linux' && has('nm')

let project: Project
let cache: string
beforeAll(async () => {
  project = await installPacked([])
  cache = await temporaryFolder('native-cache')
  for (const name of ['native-cpp', 'digit-canvas/digit.onnx'])
    await cp(join(checkout, 'examples', name), join(project.folder, name), { recursive: true })
})

interface Info {
  readonly includeDirs: string[]
  readonly libraryDirs: string[]
  readonly libraries: string[]
  readonly pkgConfigDirs: string[]
  readonly cmakeDirs: string[]
}

async function nativeInfo(...args: readonly string[]): Promise<string> {
  const cli = join(project.installed, 'dist', 'cli', 'main.js')
  const { stdout } = await run(process.execPath, [cli, 'native-info', '--cache', cache, ...args], {
    cwd: project.folder,
  })
  return stdout
}

function exported(library: string): string[] {
  const symbols = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' })
  return symbols.split('\n').flatMap((line) => line.split(' ')[2] ?? [])
}

test('native-info tells where headers and libraries are, and builds these once', async () => {
  const info = JSON.parse(await nativeInfo('--json', '-')) as Info
  expect(info.includeDirs.every((folder) => folder.startsWith(join(project.installed, 'native')))).toBe(true)
  expect(info.includeDirs.some((folder) => existsSync(join(folder, 'OnnxMlirRuntime.h')))).toBe(true)
  expect(info.libraries.map((file) => basename(file))).toContain('libonnx-mlir-runtime.a')
  for (const file of info.libraries) expect(info.libraryDirs).toContain(join(file, '..'))
  expect(info.libraries.every((file) => existsSync(file))).toBe(true)
  expect(JSON.parse(await nativeInfo('--json', '-'))).toEqual(info)
  expect(await nativeInfo('--print', 'includeDirs')).toBe(`${info.includeDirs.join('\n')}\n`)
  await expect(nativeInfo('--print', 'wheels')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--print must be one of'),
  })
})

test('programs find the same by the API', async () => {
  const script = `
    import { getApiLibraries, getIncludeDirs, getLibraryDirs, loadExtension } from 'unplugin-onnx-mlir'
    const options = { cache: ${JSON.stringify(cache)} }
    console.log(JSON.stringify({ includeDirs: getIncludeDirs(), libraryDirs: await getLibraryDirs(options),
      libraries: await getApiLibraries(options), addon: Object.keys(await loadExtension(undefined, options)) }))`
  await writeFile(join(project.folder, 'api.mjs'), script)
  const { stdout } = await run(process.execPath, ['api.mjs'], { cwd: project.folder })
  const { addon, ...told } = JSON.parse(stdout) as Info & { addon: string[] }
  expect(JSON.parse(await nativeInfo('--json', '-'))).toMatchObject(told)
  expect(addon).toContain('load')
})

test.runIf(elf)('the shared library shows the functions on tensors and nothing else', async () => {
  const { libraries } = JSON.parse(await nativeInfo('--json', '-')) as Info
  const names = exported(libraries.find((file) => file.endsWith('.so'))!)
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter((name) => !name.startsWith('omTensor'))).toEqual([])
})

if (!has('pkg-config')) console.log('skipped: pkg-config (apt-get install pkg-config)')
test.runIf(elf && has('pkg-config'))('pkg-config describes it', async () => {
  const { pkgConfigDirs } = JSON.parse(await nativeInfo('--json', '-')) as Info
  const env = { ...process.env, PKG_CONFIG_PATH: pkgConfigDirs.join(':') }
  const ask = async (...args: readonly string[]) =>
    (await run('pkg-config', [...args, 'unplugin-onnx-mlir'], { env })).stdout.trim()
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as { version: string }
  expect(await ask('--modversion')).toBe(version)
  const program = join(project.folder, 'tensor.c')
  await writeFile(
    program,
    `#include <OnnxMlirRuntime.h>
int main(void) {
  const int64_t shape[] = {2, 3};
  OMTensor *tensor = omTensorCreateEmpty(shape, 2, ONNX_TYPE_FLOAT);
  const int64_t bytes = omTensorGetBufferSize(tensor);
  omTensorDestroy(tensor);
  return bytes == 24 ? 0 : 1;
}`,
  )
  const flags = (await ask('--cflags', '--libs')).split(/\s+/)
  await run('cc', [program, ...flags, '-o', join(project.folder, 'tensor')], { cwd: project.folder })
  await run(join(project.folder, 'tensor'))
})

if (!has('cmake')) console.log('skipped: CMake (apt-get install cmake)')
describe.runIf(has('cmake'))('a C++ program by CMake', () => {
  async function build(name: string, ...options: readonly string[]): Promise<string> {
    const folder = join(project.folder, name)
    const prefix = `-DCMAKE_PREFIX_PATH=${join(project.installed, 'native')}`
    await run('cmake', ['-S', join(project.folder, 'native-cpp'), '-B', folder, prefix, ...options], {
      cwd: project.folder,
    })
    await run('cmake', ['--build', folder], { cwd: project.folder })
    return folder
  }
  const classify = async (folder: string, ...args: readonly string[]) =>
    (await run(join(folder, 'classify'), args)).stdout
  const seven = () => join(project.folder, 'native-cpp', 'seven.pgm')

  test('has the model in it, or in a shared library, and says the same', async () => {
    const [inside, beside] = [await build('static'), await build('shared', '-DMODEL_SHARED=ON')]
    const said = await classify(inside, seven())
    expect(said).toMatch(/^digit 7, probability 0\.\d+\n$/)
    expect(await classify(beside, seven())).toBe(said)
    await expect(classify(inside, join(project.folder, 'package.json'))).rejects.toMatchObject({ code: 1 })
    if (!elf) return
    const needed = (folder: string) => execFileSync('readelf', ['-d', join(folder, 'classify')], { encoding: 'utf8' })
    expect(needed(inside)).not.toMatch(/libdigit|onnx-mlir/)
    expect(needed(beside)).toMatch(/NEEDED.*libdigit\.so/)
    const names = exported(join(beside, 'libdigit.so'))
    expect(names).toContain('digit_run')
    expect(names.filter((name) => !/^(?:digit_run|\w+_digit)$/.test(name))).toEqual([])
  })

  test('says what is missing', async () => {
    const bare = join(project.folder, 'bare')
    const args = [
      '-S',
      join(project.folder, 'native-cpp'),
      '-B',
      bare,
      `-DCMAKE_PREFIX_PATH=${join(project.installed, 'native')}`,
    ]
    await expect(
      run('cmake', [...args, '-DUNPLUGIN_ONNX_MLIR_NODE=UNPLUGIN_ONNX_MLIR_NODE-NOTFOUND'], {
        env: { PATH: '/usr/bin:/bin' },
      }),
    ).rejects.toMatchObject({
      stderr: expect.stringContaining('Node.js is needed to compile models'),
    })
  })
})
