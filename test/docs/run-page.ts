import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { filesBelow, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { freePort } from '../free-port.ts'
import { type Page, type Sample, samplesOf } from './pages.ts'

// A page is run as it is read: its files are written, its commands run by a shell, and what comes out is compared.

/** What a page leaves to its reader, and what its commands lead to. */
export interface Reading {
  /** Folders with node_modules, below the repository: of these is what the page's commands call. */
  readonly installed: readonly string[]
  /** Where the reader's model is that adds 10. */
  readonly models: readonly string[]
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Standard output of commands; what others print is not looked at. */
  readonly prints?: Readonly<Record<string, string>>
  /** Commands that are run after the page's, for what it shows without any, and what they print. */
  readonly afterwards?: Readonly<Record<string, string>>
  /** Commands that start a server, and what is asked of it. */
  readonly serves?: Readonly<Record<string, { readonly path: string; readonly says: string | RegExp }>>
  /** Samples that show another way than the one that is run, by their first line: they are not written. */
  readonly besides?: readonly string[]
  /** The project is below the first folder of `installed`, for bundlers that look at nothing outside of it. */
  readonly isInside?: boolean
  /** Shell scripts that stand in for programs of others, by their names. */
  readonly programs?: Readonly<Record<string, string>>
  /** Folders of programs that come before those of the machine, such as another Node. */
  readonly path?: readonly string[]
}

/** Where one of the folders has no packages, says so; a page that needs it is not run. */
export function isInstalled(page: string, folders: readonly string[]): boolean {
  const missing = folders.filter((folder) => !existsSync(join(folder, 'node_modules')))
  for (const folder of missing)
    console.log(`skipped: ${page} needs ${folder}; run bash test/install.sh ${folder.split('/').at(-1)}`)
  return missing.length === 0
}

/** Runs a page in a project of its own, and gives its folder, which is there until the test ends. */
export async function runPage(page: Page, reading: Reading): Promise<string> {
  const project = await projectOf(reading)
  const shell = await shellOf(project, reading)
  const expected = new Set([...Object.keys(reading.prints ?? {}), ...Object.keys(reading.serves ?? {})])
  for (const sample of samplesOf(page)) {
    if (reading.besides?.some((first) => sample.code.startsWith(first))) continue
    if (sample.language === 'text' && !sample.file) await expectFiles(project, sample)
    else if (sample.language !== 'sh') await writeFiles(project, sample.file ? { [sample.file]: sample.code } : {})
    else
      for (const command of commandsOf(sample)) {
        const where = `${page.path}: ${command}`
        const served = reading.serves?.[command]
        expected.delete(command)
        if (served === undefined) {
          const { code, stdout, output } = await shell.run(command)
          expect(code, `${where}\n${output}`).toBe(0)
          const prints = reading.prints?.[command]
          if (prints !== undefined) expect(stdout, `${where}\n${output}`).toBe(prints)
        } else await shell.serve(command, served.path, (text) => expect(text, where).toMatch(served.says))
      }
  }
  expect([...expected], 'commands that the page no longer has').toEqual([])
  for (const [command, prints] of Object.entries(reading.afterwards ?? {})) {
    const { stdout, output } = await shell.run(command)
    expect(stdout, `${page.path}, then ${command}\n${output}`).toBe(prints)
  }
  return project
}

/** One command a line; a line that ends with a backslash goes on. */
const commandsOf = ({ code }: Sample): readonly string[] =>
  code
    .replaceAll(/\\\n */g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))

/** A text names files that are there; of native code and WebAssembly it names all that is below their first folder. */
async function expectFiles(project: string, { code }: Sample): Promise<void> {
  const named = code.trim().split('\n')
  const built = (await filesBelow(join(project, named[0]!.split('/')[0]!))).map((file) =>
    join(named[0]!.split('/')[0]!, file),
  )
  for (const file of named) {
    const [before, after] = file.split('1a2b3c4d')
    const isIt = (each: string): boolean =>
      after === undefined
        ? each === file
        : each.length === file.length && each.startsWith(before!) && each.endsWith(after)
    expect(built.find(isIt), `${file} among\n${built.join('\n')}`).toBeDefined()
  }
  const isOurs = (file: string): boolean => /\.(so|node|wasm|onnx)$/.test(file)
  expect(built.filter(isOurs), 'files of models').toHaveLength(named.filter(isOurs).length)
}

async function projectOf({ installed, models, files, isInside, programs }: Reading): Promise<string> {
  const project = isInside ? await mkdtemp(join(installed[0]!, 'app-')) : await temporaryFolder()
  if (isInside) onTestFinished(() => rm(project, { recursive: true, force: true }))
  const folders = installed.map((folder) => resolve(folder, 'node_modules'))
  const packages = Object.fromEntries(
    folders
      .toReversed()
      .flatMap((folder) => readdirSync(folder).map((name) => [name, join(folder, name)] as const))
      .filter(([name]) => !name.startsWith('.')),
  )
  const binaries = Object.fromEntries(
    folders
      .toReversed()
      .map((folder) => join(folder, '.bin'))
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder).map((name) => [`.bin/${name}`, join(folder, name)] as const)),
  )
  const links = { ...(isInside ? {} : { ...packages, 'unplugin-onnx-mlir': resolve('.') }), ...binaries }
  for (const [name, path] of Object.entries(links)) {
    await mkdir(dirname(join(project, 'node_modules', name)), { recursive: true })
    await symlink(path, join(project, 'node_modules', name))
  }
  const ours = { 'unplugin-onnx-mlir': `exec node ${resolve('dist/cli/main.js')} "$@"` }
  for (const [name, script] of Object.entries({ ...ours, ...programs })) {
    const path = join(project, 'node_modules/.bin', name)
    await mkdir(dirname(path), { recursive: true })
    await rm(path, { force: true })
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  await writeFiles(project, {
    'package.json': '{ "private": true, "type": "module" }',
    ...Object.fromEntries(models.map((path) => [path, addModel(10)])),
    ...files,
  })
  return project
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  /** Standard error, too. */
  readonly output: string
}

interface Shell {
  run(command: string): Promise<Ended>
  /** Starts a server, asks it for a path until `check` of the answer does not throw, and ends it. */
  serve(command: string, path: string, check: (text: string) => void): Promise<void>
}

async function shellOf(cwd: string, { path = [] }: Reading): Promise<Shell> {
  const home = await temporaryFolder()
  const port = String(await freePort())
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: [...path, join(cwd, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
    XDG_CACHE_HOME: home,
    // The cache of all tests: the same small models need not be compiled for each program.
    ONNX_MLIR_CACHE_DIR: resolve('node_modules/.cache/unplugin-onnx-mlir'),
    NODE_ENV: undefined,
    NODE_OPTIONS: undefined,
    VITEST: undefined,
    FORCE_COLOR: undefined,
    CI: '1',
    NO_COLOR: '1',
    NEXT_TELEMETRY_DISABLED: '1',
    NUXT_TELEMETRY_DISABLED: '1',
    ASTRO_TELEMETRY_DISABLED: '1',
    npm_config_offline: 'true',
    npm_config_ignore_scripts: 'true',
    PORT: port,
    HOST: '127.0.0.1',
    NITRO_HOST: '127.0.0.1',
  }

  function start(command: string) {
    const running = spawn('bash', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let [stdout, output] = ['', '']
    running.stdout.on('data', (text: Buffer) => {
      stdout += String(text)
      output += String(text)
    })
    running.stderr.on('data', (text: Buffer) => (output += String(text)))
    const ended = new Promise<Ended>((done) => running.once('close', (code) => done({ code, stdout, output })))
    const stop = async (): Promise<void> => {
      if (running.exitCode === null && running.signalCode === null) process.kill(-running.pid!, 'SIGKILL')
      await ended
    }
    onTestFinished(stop)
    return { ended, stop, said: () => output }
  }

  return {
    run: (command) => start(command).ended,
    async serve(command, path, check) {
      const { stop, said } = start(command)
      await vi.waitFor(
        async () => {
          const address = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(said())?.[0] ?? `http://127.0.0.1:${port}`
          const answer = await fetch(address + path).catch((error: unknown) =>
            Promise.reject(new Error(`${String(error)}: ${said()}`)),
          )
          check(await answer.text())
        },
        { timeout: 60_000, interval: 200 },
      )
      await stop()
    },
  }
}
