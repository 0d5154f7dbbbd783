import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromium, Page } from '../report/browser.ts'

const run = promisify(execFile)
const example = resolve('examples/face-detection')
const scratch = mkdtempSync(join(tmpdir(), 'face-detection-test-'))
const site = join(scratch, 'site')

interface Face {
  readonly score: number
  readonly centre: readonly [number, number]
  readonly size: readonly [number, number]
  readonly points: readonly (readonly [number, number])[]
}

beforeAll(async () => {
  const vite = resolve('node_modules/vite/bin/vite.js')
  await run(process.execPath, [vite, 'build', example, '--outDir', site], { cwd: example })
}, 120_000)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('is built of the .tflite that MediaPipe ships: a page, a style, a script and modules', () => {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) => extname(name) !== '')
  expect(files.map((name) => extname(name)).sort()).toEqual(['.css', '.html', '.js', '.wasm', '.wasm'])
  // Weights are as many bytes as in the file, whose floats are of 16 bits, too.
  for (const file of files.filter((name) => name.endsWith('.wasm')))
    expect(statSync(join(site, file)).size).toBeLessThan(300_000)
})

test('leaves types behind that the page is checked against', async () => {
  const tsc = resolve('node_modules/typescript/bin/tsc')
  const checked = await run(process.execPath, [tsc, '-p', example]).catch((error: unknown) => error)
  expect(checked).toEqual({ stdout: '', stderr: '' })
})

describe.runIf(chromium)('the page', () => {
  let page: Page
  let close: () => Promise<void>

  beforeAll(async () => {
    const kit = pathToFileURL(resolve('examples/digit-canvas/demo/server.js')).href
    const { filesOf, serve } = (await import(kit)) as {
      filesOf: (folder: string) => unknown
      serve: (files: unknown, port: number) => Promise<{ url: string; close: () => Promise<void> }>
    }
    const server = await serve(filesOf(site), 0)
    close = server.close
    page = await Page.open(server.url)
  })

  afterAll(async () => {
    await page?.close()
    await close?.()
  })

  const faces = async (): Promise<Face[]> => {
    const given = (await page.evaluate(`document.getElementById('found').dataset.faces`)) as string | undefined
    return JSON.parse(given ?? 'null') as Face[]
  }

  test('finds the face that is drawn: its box, eyes, nose and mouth', async () => {
    await expect.poll(() => page.evaluate('document.getElementById("target").textContent')).toBe('wasm')
    await expect.poll(faces).toHaveLength(1)
    const [{ score, centre, size, points }] = (await faces()) as [Face]
    expect(score).toBeGreaterThan(0.7)
    near(centre, [0.5, 0.55], 0.05)
    expect(size[0]).toBeGreaterThan(0.25)
    expect(size[0]).toBeLessThan(0.5)
    // As drawn: a face's half width is 0.18 of the picture.
    const [right, left, nose, mouth] = points as [Pair, Pair, Pair, Pair]
    near(right, [0.5 - 0.4 * 0.18, 0.5 - 0.1 * 0.18], 0.03)
    near(left, [0.5 + 0.4 * 0.18, 0.5 - 0.1 * 0.18], 0.03)
    near(nose, [0.5, 0.5 + 0.34 * 0.18], 0.04)
    near(mouth, [0.5, 0.5 + 0.78 * 0.18], 0.04)
  })

  test('follows it where a mouse drags it', async () => {
    const box = `(() => { const b = document.getElementById('picture').getBoundingClientRect(); return [b.x, b.y, b.width] })()`
    const [left, top, width] = (await page.evaluate(box)) as [number, number, number]
    const place = (x: number, y: number): [number, number] => [left + x * width, top + y * width]
    await page.drag([place(0.5, 0.5), place(0.4, 0.45), place(0.35, 0.4)])
    await expect.poll(async () => Math.abs((await faces())[0]!.centre[0] - 0.35)).toBeLessThan(0.05)
    expect(await faces()).toHaveLength(1)
  })

  test('sees none where none is', async () => {
    const none = `(() => {
      const size = document.getElementById('size')
      size.min = 0
      size.value = 0
      size.dispatchEvent(new Event('input'))
    })()`
    await page.evaluate(none)
    await expect.poll(faces).toEqual([])
    expect(await page.evaluate('document.getElementById("found").textContent')).toBe('No face')
    expect(await page.evaluate('document.getElementById("problem").hidden')).toBe(true)
  })
})

type Pair = readonly [number, number]

function near(given: Pair, wanted: Pair, within: number): void {
  expect(Math.hypot(given[0] - wanted[0], given[1] - wanted[1]), `${given} is far from ${wanted}`).toBeLessThan(within)
}
