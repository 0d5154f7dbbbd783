import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'
import { which } from '../../src/toolchains/programs.ts'

const run = promisify(execFile)
export const checkout = fileURLToPath(new URL('../../', import.meta.url))

const folders: string[] = []
// Of the file: Vitest calls no hook that a running test asks for.
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

/** A folder that is removed after the test file. */
export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `onnx-mlir-${name}-`))
  folders.push(folder)
  return folder
}

/** A project with the packed package installed as a registry would. */
export interface Project {
  readonly folder: string
  /** The package in it. */
  readonly installed: string
  /** Path of the tarball. */
  readonly tarball: string
}

/**
 * Makes one, of the `dist/` and the addons that are there. Only the dependencies are links, for want of a network.
 *
 * @param others packages that are installed beside it
 */
export async function installPacked(others: readonly string[]): Promise<Project> {
  const folder = await temporaryFolder('pack')
  const installed = join(folder, 'node_modules', 'unplugin-onnx-mlir')
  await mkdir(installed, { recursive: true })
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]
  const { stdout } = await run('npm', pack, { cwd: checkout })
  const tarball = join(folder, stdout.trim())
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed])
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: object
  }
  for (const name of [...Object.keys(dependencies), ...others]) {
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(checkout, 'node_modules', name), link)
  }
  return { folder, installed, tarball }
}

/**
 * Packs as for `npm publish`, with all that `prepack` does, in a copy of the sources. Of the addons it makes this machine's:
 * the others are there and kept, which are 10 s of a processor.
 *
 * @returns path of the tarball
 */
export async function packPublished(): Promise<string> {
  const copy = await temporaryFolder('publish')
  const { stdout: listed } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: checkout,
    maxBuffer: 16 << 20,
  })
  const names = listed.split('\n').filter((name) => /^(?:src|native|scripts|loaders)\/|^[^/]+$/.test(name))
  for (const name of names.filter((file) => existsSync(join(checkout, file)))) {
    await mkdir(dirname(join(copy, name)), { recursive: true })
    await cp(join(checkout, name), join(copy, name))
  }
  await keepAddonsOfOthers(copy)
  await symlink(join(checkout, 'node_modules'), join(copy, 'node_modules'))
  const { stdout } = await run('npm', ['pack', '--silent'], { cwd: copy, env: { ...process.env, CI: '' } })
  return join(copy, stdout.trim().split('\n').at(-1)!)
}

/** Copies what is prebuilt but for this machine, and has `prepack` make what is missing. */
async function keepAddonsOfOthers(copy: string): Promise<void> {
  const prebuilds = 'native/addon/prebuilds'
  if (!existsSync(join(checkout, prebuilds))) return
  const own = `${process.platform}-${process.arch}.node`
  await cp(join(checkout, prebuilds), join(copy, prebuilds), {
    recursive: true,
    filter: (file) => !file.endsWith(own),
  })
  const manifest = join(copy, 'package.json')
  const text = await readFile(manifest, 'utf8')
  await writeFile(manifest, text.replace('node scripts/prebuild.js"', 'node scripts/prebuild.js --keep"'))
}

/** Compiles one of the addons that the package ships, as `prepack` does. */
export async function prebuild(out: string, platform: string): Promise<void> {
  const script = join(checkout, 'scripts', 'prebuild.js')
  await run(process.execPath, [script, '--out', out, '--only', platform], { env: { ...process.env, CI: '' } })
}

/** A PATH with these programs alone. */
export async function pathOf(...programs: readonly string[]): Promise<string> {
  const folder = await temporaryFolder('path')
  for (const name of programs) {
    const program = which(name, process.env)
    if (program !== undefined) await symlink(program, join(folder, name))
  }
  return folder
}
