import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../free-port.ts'
import { filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { openPage } from '../hosts/browser/site.ts'
import { addModel } from '../hosts/models.ts'
import { chromium } from '../report/browser.ts'

// Next.js, built with both of its bundlers by the built package, as users have it.

const run = promisify(execFile)
const repository = resolve('.')
const installed = resolve('test/next/installed')
const next = join(installed, 'node_modules/next/dist/bin/next')
const isThere = existsSync(next)
if (!isThere) console.log('skipped: Next.js is not installed; run npm ci --ignore-scripts --prefix test/next/installed')

const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined, VITEST: undefined }

const app = {
  'package.json': '{ "private": true }',
  'add.onnx': addModel(10, 'n'),
  'other.pt2': addModel(30),
  'app/layout.js': 'export default ({ children }) => <html><body>{children}</body></html>',
  // Rendered on the server first, where the model of this module is native code.
  'app/page.js': `
    'use client'
    import { useEffect } from 'react'
    import model, { inputs, target } from '../add.onnx'
    import pt2 from '../other.pt2?files=inline'
    import inWorker from '../add.onnx?worker=true'
    import ofThree from '../add.onnx?dims=n_3&files=url' // files of other contents, of a model of the same name
    const sum = async (of) => [...(await of.run({ x: Float32Array.of(1, 2, 3) })).y.data]
    export default function Page() {
      useEffect(() => { globalThis.sums = async () => [await sum(model), await sum(inWorker), await sum(ofThree), target, await sum(pt2)] })
      return <p>{inputs[0].name}</p>
    }`,
  'app/server/page.js': `
    import model, { target } from '../../add.onnx'
    export const dynamic = 'force-dynamic'
    export default async function Page() {
      const { y } = await model.run({ x: Float32Array.of(1, 2, 3) })
      return <p>{JSON.stringify([[...y.data], target === 'wasm'])}</p>
    }`,
  'app/route/route.js': `
    import model, { target } from '../../add.onnx'
    export const dynamic = 'force-dynamic'
    export async function GET() {
      const { y } = await model.run({ x: Float32Array.of(1, 2, 3) })
      return Response.json([[...y.data], target === 'wasm'])
    }`,
}

/** The server's and the page's sums of an application that is being served. */
async function expectSums(url: string, sums: readonly number[]): Promise<void> {
  expect(await (await fetch(`${url}/route`)).json()).toEqual([sums, false])
  expect(await (await fetch(`${url}/server`)).text()).toContain(`<p>${JSON.stringify([sums, false])}</p>`)
  if (!chromium) return
  const page = await openPage(url)
  await vi.waitFor(
    async () => expect(await page.evaluate('sums()')).toEqual([sums, sums, sums, 'wasm', [31, 32, 33]]),
    {
      timeout: 30_000,
      interval: 200,
    },
  )
  expect(page.problems.filter((problem) => !problem.includes('favicon.ico'))).toEqual([])
}

/** Starts a server until the test ends, and gives its address. */
async function serve(cwd: string, args: readonly string[], more: object = {}): Promise<string> {
  const server = spawn(process.execPath, args, { cwd, env: { ...env, ...more } as NodeJS.ProcessEnv, stdio: 'pipe' })
  onTestFinished(() => ended(server))
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text: Buffer) => (said += String(text)))
  return vi.waitFor(
    () => {
      const [, url] = /Local:\s+(http:\S+)/.exec(said) ?? []
      if (url === undefined || !said.includes('Ready')) throw new Error(said)
      return url
    },
    { timeout: 60_000, interval: 100 },
  )
}

async function ended(server: ChildProcess): Promise<void> {
  const exit = new Promise((done) => server.once('exit', done))
  if (server.exitCode === null && server.kill()) await exit
}

/** A folder that Turbopack finds Next.js and this package from: it looks at nothing outside of its root, links neither. */
async function folderInside(): Promise<string> {
  const folder = await mkdtemp(join(installed, 'app-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const inside = `
  import onnx from 'unplugin-onnx-mlir/next'
  const root = ${JSON.stringify(repository)}
  export default onnx({ output: 'standalone', outputFileTracingRoot: root, turbopack: { root } })`

describe.skipIf(!isThere)('Next.js', () => {
  test('Turbopack: pages, routes and the browser run the model of a standalone server, wherever it is copied to', async () => {
    const root = await folderInside()
    await writeFiles(root, {
      ...app,
      'next.config.mjs': inside,
      'more.tflite': addModel(20),
      'app/inside/route.js': `
        import add, { target } from '../../add.onnx?files=inline'
        import more from '../../more.tflite?files=inline'
        export const dynamic = 'force-dynamic'
        export async function GET() {
          const sums = await Promise.all([add, more].map((model) => model.run({ x: Float32Array.of(1, 2, 3) })))
          return Response.json([sums.map(({ y }) => [...y.data]), target === 'wasm'])
        }`,
    })
    // What Turbopack remembers of an earlier build, as CI keeps it, is no reason to miss files that are gone.
    await run(process.execPath, [next, 'build'], { cwd: root, env })
    await rm(join(root, '.onnx-mlir'), { recursive: true })
    const { stdout, stderr } = await run(process.execPath, [next, 'build'], { cwd: root, env })
    expect(stdout + stderr).not.toMatch(/warning|tracing/i)

    const folder = root.slice(repository.length + 1)
    await cp(join(root, '.next/static'), join(root, '.next/standalone', folder, '.next/static'), { recursive: true })
    const moved = await moveElsewhere(join(root, '.next/standalone'))
    await rm(root, { recursive: true })
    // Nothing native is where everybody may fetch it, and none of the sources is on the server.
    const files = (await filesBelow(join(moved, folder))).filter((file) => /\.(wasm|so|node|onnx)$/.test(file))
    const [wasm, native] = [
      /^\.next\/static\/media\/add\.onnx\.[\w-]+\.wasm$/,
      /^\.onnx-mlir\/files\/production\/add-\w{8}\.so$/,
    ]
    expect(files).toEqual([
      ...[wasm, wasm].map((name) => expect.stringMatching(name)),
      ...[native, native].map((name) => expect.stringMatching(name)),
      expect.stringMatching(/^\.onnx-mlir\/files\/production\/onnx-mlir-\w{8}\.node$/),
    ])
    // It takes 0 for 3000.
    const at = { PORT: String(await freePort()), HOSTNAME: '127.0.0.1' }
    const url = await serve(join(moved, folder), ['server.js'], at)
    await expectSums(url, [11, 12, 13])
    const sums = [
      [11, 12, 13],
      [21, 22, 23],
    ]
    expect(await (await fetch(`${url}/inside`)).json()).toEqual([sums, false])
  })

  test('webpack: the same, and WebAssembly in the edge runtime', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'node_modules'))
    for (const name of ['next', 'react', 'react-dom'])
      await symlink(join(installed, 'node_modules', name), join(root, 'node_modules', name))
    await symlink(repository, join(root, 'node_modules/unplugin-onnx-mlir'))
    await writeFiles(root, {
      ...app,
      'next.config.mjs': `import onnx from 'unplugin-onnx-mlir/next'\nexport default onnx({ distDir: 'built' })`,
      'app/edge/route.js': `
        import model, { target } from '../../add.onnx'
        export const runtime = 'edge'
        export async function GET() {
          const { y } = await model.run({ x: Float32Array.of(1, 2, 3) })
          return Response.json([[...y.data], target])
        }`,
    })
    await run(process.execPath, [next, 'build', '--webpack'], { cwd: root, env })
    const url = await serve(root, [next, 'start', '--port', '0', '--hostname', '127.0.0.1'])
    await expectSums(url, [11, 12, 13])
    expect(await (await fetch(`${url}/edge`)).json()).toEqual([[11, 12, 13], 'wasm'])
  })

  test('next dev: a changed model is on both sides', async () => {
    const root = await folderInside()
    await writeFiles(root, { ...app, 'next.config.mjs': inside })
    const url = await serve(root, [next, 'dev', '--port', '0'])
    await expectSums(url, [11, 12, 13])
    await writeFiles(root, { 'add.onnx': addModel(20, 'n') })
    await vi.waitFor(async () => expect(await (await fetch(`${url}/route`)).json()).toEqual([[21, 22, 23], false]), {
      timeout: 30_000,
      interval: 200,
    })
    await expectSums(url, [21, 22, 23])
  })
})
