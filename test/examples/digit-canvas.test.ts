import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onnxruntime } from '../onnxruntime.ts'
import { chromium, Page, type Place } from '../report/browser.ts'
import { example, handMade, rasterise, type Strokes } from './digit-canvas.ts'

const run = promisify(execFile)
const ofDigit = (digit: number, nth: number): Strokes =>
  handMade.filter((drawing) => drawing.digit === digit)[nth]!.strokes

const scratch = mkdtempSync(join(tmpdir(), 'digit-canvas-test-'))
/** The build, carried to a folder that knows nothing of where it was made. */
const site = join(scratch, 'elsewhere ü')

beforeAll(async () => {
  const built = join(scratch, 'built')
  await run(process.execPath, [resolve('node_modules/vite/bin/vite.js'), 'build', example, '--outDir', built], {
    cwd: example,
  })
  cpSync(built, site, { recursive: true })
  rmSync(built, { recursive: true })
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('the build', () => {
  const files = (): string[] =>
    readdirSync(site, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))

  test('is a page, a style, a script and a module, for some engines another one: no runtime of megabytes', () => {
    expect(files().map(extname).sort()).toEqual(['.css', '.html', '.js', '.wasm', '.wasm'])
    const fetched = files().filter((file) => !file.includes('relaxed-simd'))
    const bytes = fetched.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0)
    expect(bytes).toBeLessThan(60_000)
  })

  test('leaves types behind that the page is checked against', async () => {
    expect(existsSync(join(example, '.onnx-mlir/types'))).toBe(true)
    const tsc = resolve('node_modules/typescript/bin/tsc')
    const checked = await run(process.execPath, [tsc, '-p', example]).catch((error: unknown) => error)
    expect(checked).toEqual({ stdout: '', stderr: '' })
  })

  test.each([['--fast'], ['--port=high'], ['--port=70000']])('its demo refuses %s', async (option) => {
    const failed = await run(process.execPath, [join(example, 'demo.js'), option]).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('--built DIR') })
  })
})

/** The demo, serving a build. */
async function serve(built: string): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, [join(example, 'demo.js'), '--built', built], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: server.stdout! })) {
    const url = /address +(http:\S+)/.exec(line)?.[1]
    if (url) return { server, url }
  }
  throw new Error(`the demo ended with ${server.exitCode} before it said where it listens`)
}

describe.runIf(chromium)('the page', () => {
  let server: ChildProcess
  let page: Page
  let url = ''

  beforeAll(async () => {
    ;({ server, url } = await serve(site))
    page = await Page.open(url)
  })

  afterAll(async () => {
    await page?.close()
    server?.kill('SIGKILL')
  })

  const text = (id: string): Promise<string> => page.evaluate(`document.getElementById('${id}').textContent`)
  const answer = (): Promise<string> => text('answer')

  /** Where the points of a drawing are on the page. */
  async function placed(strokes: Strokes): Promise<Place[][]> {
    const box = `(() => { const b = document.getElementById('pad').getBoundingClientRect(); return [b.x, b.y, b.width] })()`
    const [left, top, width] = (await page.evaluate(box)) as [number, number, number]
    return strokes.map((stroke) => stroke.map(([x, y]) => [left + x * width, top + y * width]))
  }

  async function clear(): Promise<void> {
    await page.press('Escape')
    await expect.poll(answer).toBe('?')
  }

  test('says what the model was compiled to', async () => {
    await expect.poll(() => text('target')).toBe('wasm')
    expect(await text('target-detail')).toMatch(/^by builtin, ready in /)
    expect(await page.evaluate('document.getElementById("problem").hidden')).toBe(true)
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])('reads a %i that a mouse drags', async (digit) => {
    await clear()
    for (const stroke of await placed(ofDigit(digit, 1))) await page.drag(stroke)
    await expect.poll(answer).toBe(String(digit))
  })

  test.each([3, 4, 8])('reads a %i that a finger draws, and does not scroll', async (digit) => {
    await clear()
    await page.resize(390, 700)
    const kinds = 'document.getElementById("pad").addEventListener("pointerdown", (e) => (window.kind = e.pointerType))'
    await page.evaluate(kinds)
    for (const stroke of await placed(ofDigit(digit, 2))) await page.swipe(stroke)
    await expect.poll(answer).toBe(String(digit))
    expect(await page.evaluate('[window.kind, scrollY]')).toEqual(['touch', 0])
    await page.resize(1280, 900)
  })

  test('reads what keys draw, in lines aslant by keys of their own or by two arrows at once', async () => {
    const times = async (count: number, ...keys: string[]): Promise<void> => {
      for (let nth = 0; nth < count; nth++) for (const key of keys) await page.press(key)
    }
    for (const aslant of ['End', 'two arrows']) {
      await clear()
      await page.evaluate('document.getElementById("pad").focus()')
      await times(8, 'Home')
      await times(4, 'PageDown')
      await times(2, 'ArrowLeft')
      await page.press(' ', ' ')
      await times(9, 'ArrowRight')
      if (aslant === 'End') await times(5, 'End', 'ArrowDown')
      else {
        await page.key('keyDown', 'ArrowLeft')
        await times(1, 'ArrowRight', 'ArrowDown')
        await times(4, 'ArrowDown')
        await page.key('keyUp', 'ArrowLeft')
        await times(5, 'ArrowDown')
      }
      expect(await text('news')).toBe('Pen down')
      await page.press(' ', ' ')
      await expect.poll(answer, { message: aslant }).toBe('7')
      await expect.poll(() => text('news')).toMatch(/^7, \d+ % sure$/)
    }
    // Keys move nothing after the pen is lifted.
    const before = await page.evaluate('document.getElementById("seen").toDataURL()')
    await times(3, 'ArrowUp')
    expect(await page.evaluate('document.getElementById("seen").toDataURL()')).toBe(before)
  })

  test('has a bar for each digit that says its share, and announces the best', async () => {
    await clear()
    for (const stroke of await placed(ofDigit(5, 0))) await page.drag(stroke)
    await expect.poll(() => text('news')).toMatch(/^5, \d+ % sure$/)
    const meters = `[...document.querySelectorAll('[role=meter]')].map((m) => [m.ariaLabel, m.ariaValueNow, m.ariaValueText])`
    const bars = (await page.evaluate(meters)) as [string, string, string][]
    expect(bars.map(([label]) => label)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    for (const [, now, said] of bars) expect(said).toBe(`${now} %`)
    const sum = bars.reduce((total, [, now]) => total + Number(now), 0)
    expect(Math.abs(sum - 100)).toBeLessThanOrEqual(5)
  })

  const ort = onnxruntime()
  test.runIf(ort)('gives the shares that onnxruntime gives', async () => {
    const session = await ort!.InferenceSession.create(join(example, 'digit.onnx'))
    // A line that is no digit: shares of many.
    const strokes: Strokes = [
      [
        [0.25, 0.25],
        [0.75, 0.5],
        [0.25, 0.75],
      ],
    ]
    await clear()
    for (const stroke of await placed(strokes)) await page.drag(stroke)
    await expect.poll(answer).not.toBe('?')
    const image = new ort!.Tensor('float32', rasterise(strokes), [1, 1, 28, 28])
    const [expected = []] = Object.values(await session.run({ image })).map(({ data }) => [...data])
    const shares = (await page.evaluate(
      `[...document.querySelectorAll('[role=meter]')].map((m) => Number(m.style.getPropertyValue('--share')))`,
    )) as number[]
    shares.forEach((share, digit) => expect(share).toBeCloseTo(expected[digit]!, 4))
  })

  test('takes lines back, one by one or all', async () => {
    await clear()
    const inked = `(() => {
      const pad = document.getElementById('pad')
      const copy = new OffscreenCanvas(pad.width, pad.height).getContext('2d', { willReadFrequently: true })
      copy.drawImage(pad, 0, 0)
      return copy.getImageData(0, 0, pad.width, pad.height).data.filter((value, at) => at % 4 === 3 && value > 0).length
    })()`
    const ink = (): Promise<number> => page.evaluate(inked) as Promise<number>
    const [first, second] = await placed(ofDigit(4, 0))
    await page.drag(first!)
    const one = await ink()
    await page.drag(second!)
    expect(await ink()).toBeGreaterThan(one)
    await page.click('#undo')
    expect(await ink()).toBe(one)
    await page.drag(second!)
    await page.click('#clear')
    expect(await ink()).toBe(0)
    expect(
      await page.evaluate('[document.getElementById("undo").disabled, document.getElementById("invitation").hidden]'),
    ).toEqual([true, false])
  })

  test('can be used by keys alone: all that can be pressed has the focus in turn', async () => {
    await clear()
    for (const stroke of await placed(ofDigit(1, 0))) await page.drag(stroke)
    await page.evaluate('document.getElementById("theme").focus()')
    const visited = []
    for (let nth = 0; nth < 3; nth++) {
      await page.press('Tab')
      visited.push(await page.evaluate('document.activeElement.id'))
    }
    expect(visited).toEqual(['pad', 'undo', 'clear'])
  })

  test('shows the time per inference and the bytes that came', async () => {
    await expect.poll(() => text('time')).toMatch(/^\d+(?:\.\d)? (?:ns|µs|ms)$/)
    expect(await text('time-detail')).toMatch(/^median of \d+ rounds of \d+ runs$/)
    const bytes = Number(/^(\d+\.\d) kB$/.exec(await text('bytes'))?.[1]) * 1000
    const recorded = (await page.evaluate(
      `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, e) => sum + e.transferSize, 0)`,
    )) as number
    expect(Math.abs(bytes - recorded)).toBeLessThanOrEqual(50)
    expect(bytes).toBeGreaterThan(10_000)
    expect(bytes).toBeLessThan(60_000)
    const details = await text('bytes-detail')
    const parts = [...details.matchAll(/(page|script|model) (\d+\.\d) kB/g)].map(([, , kB]) => 1000 * Number(kB))
    expect(parts).toHaveLength(3)
    for (const part of parts) expect(part).toBeGreaterThan(500)
    expect(Math.abs(parts.reduce((a, b) => a + b) - bytes)).toBeLessThanOrEqual(200)
    console.log(
      `digit-canvas: ${await text('bytes')} (${details}), ${await text('time')}, ${await text('target-detail')}`,
    )
  })

  test('is light or dark as the system is, or as the switch says, also after it is loaded anew', async () => {
    const theme = (): Promise<[background: string, dark: string]> =>
      page.evaluate(`[getComputedStyle(document.body).backgroundColor, document.getElementById('theme').ariaChecked]`)
    const pictures = []
    const backgrounds = []
    for (const scheme of ['light', 'dark'] as const) {
      await page.prefer(scheme)
      await expect.poll(async () => (await theme())[1]).toBe(String(scheme === 'dark'))
      backgrounds.push((await theme())[0])
      pictures.push(await page.screenshot())
    }
    const [light, dark] = backgrounds.map((colour) => Number(/\d+/.exec(colour)?.[0]))
    expect(light).toBeGreaterThan(200)
    expect(dark).toBeLessThan(50)
    expect(pictures[0]!.equals(pictures[1]!)).toBe(false)

    await page.click('#theme')
    expect(await theme()).toEqual([backgrounds[0], 'false'])
    await page.reload()
    await expect.poll(() => text('target')).toBe('wasm')
    expect(await theme()).toEqual([backgrounds[0], 'false'])
  })

  test('tells that the browser had it already when it is loaded anew', async () => {
    await expect.poll(() => text('bytes-detail')).toMatch(/; \d of \d files were in the browser’s cache$/)
  })

  test('wrote no error, and asked nobody else', () => {
    expect(page.problems).toEqual([])
  })

  test('its server ends when it is asked to', async () => {
    const exited = once(server, 'exit')
    server.kill('SIGINT')
    expect(await exited).toEqual([0, null])
    await expect(fetch(url)).rejects.toThrow()
  })
})

test.runIf(chromium)('a page without its model says so, and can be drawn on', async () => {
  const broken = join(scratch, 'broken')
  cpSync(site, broken, { recursive: true, filter: (file) => extname(file) !== '.wasm' })
  const { server, url } = await serve(broken)
  const page = await Page.open(url)
  try {
    const problem = `(({ hidden, textContent }) => hidden ? '' : textContent)(document.getElementById('problem'))`
    await expect.poll(() => page.evaluate(problem)).toMatch(/^The network can’t run here: .*404/)
    await page.click('#pad')
    expect(await page.evaluate('document.getElementById("clear").disabled')).toBe(false)
  } finally {
    await page.close()
    server.kill('SIGKILL')
  }
})
