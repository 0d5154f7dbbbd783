import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { escapeHtml, jsonForScript } from '../../src/report/html/escape.ts'
import { layOut, nodeSize } from '../../src/report/html/layout.ts'
import { reportHtml } from '../../src/report/html/page.ts'
import { createReport, type NodeReport, type Report } from '../../src/report/report.ts'
import { chromium, Page } from './browser.ts'
import { filled, modelOf } from './build.ts'

const hostile = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>"\'&\u202e\u0000\ud800'

/** Abs (CPU) → Relu → Exp (NNPA) → Softplus (CPU), a constant folded, and a name that attacks. */
function sample(): Report {
  const report = createReport(
    modelOf({
      inputs: { x: [4, 8] },
      constants: { b: filled([8]) },
      nodes: [
        ['Abs', 'x'],
        ['Neg', 'b'],
        ['Relu', 'abs0'],
        ['Exp', 'relu2'],
        ['Add', 'exp3 neg1'],
        ['Erf', 'add4'],
      ],
    }),
    'z16',
  )
  const nodes = report.nodes.map((node, i): NodeReport =>
    i === 5 ? { ...node, name: hostile, op: hostile, reasons: [hostile] } : node,
  )
  return { ...report, nodes, model: `/models/${hostile}.onnx` }
}

describe('escaping', () => {
  test('HTML', () => {
    expect(escapeHtml('<a href="x">\'&\u0000\u202e\ud800\n é😀')).toBe(
      '&#60;a href=&#34;x&#34;&#62;&#39;&#38;\ufffd\ufffd\ufffd\n é😀',
    )
  })

  test('JSON in a script', () => {
    const json = jsonForScript({ a: '</script><!--\u2028' })
    expect(json).not.toMatch(/[<>\u2028]/)
    expect(JSON.parse(json)).toEqual({ a: '</script><!--\u2028' })
  })
})

describe('layout', () => {
  test('edges go down, nodes don’t overlap', async () => {
    const { nodes, edges } = await layOut(4, [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ])
    expect(nodes[3]!.y).toBeGreaterThan(nodes[1]!.y)
    expect(Math.abs(nodes[1]!.x - nodes[2]!.x)).toBeGreaterThanOrEqual(nodeSize.width)
    for (const points of edges) expect(points.at(-1)!.y).toBeGreaterThan(points[0]!.y)
  })

  test('an empty graph, and one of thousands of nodes', async () => {
    expect((await layOut(0, [])).nodes).toEqual([])
    const count = 1500
    const chain = Array.from({ length: count - 1 }, (_, i): [number, number] => [i, i + 1])
    const skips = chain.flatMap(([i]) => (i % 3 === 0 && i + 4 < count ? [[i, i + 4] as [number, number]] : []))
    const { nodes, height } = await layOut(count, [...chain, ...skips])
    expect(nodes).toHaveLength(count)
    expect(height).toBeGreaterThan(count * nodeSize.height)
  })
})

describe('the page', () => {
  test('holds everything itself, escaped', async () => {
    const html = await reportHtml(sample())
    expect(html).not.toMatch(/<script>document\.title|<img/)
    expect(html).not.toMatch(/\b(?:src|href)="(?!data:)/)
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.match(/<g class="node/g)).toHaveLength(5)
    expect(html).toContain('part of another node: 1.')
  })

  test('a report without any node on a device still makes one', async () => {
    const report = sample()
    const html = await reportHtml({ ...report, nodes: report.nodes.map((node) => ({ ...node, device: 'folded' })) })
    expect(html).not.toContain('<g class="node')
  })
})

describe.runIf(chromium)('in Chromium', () => {
  let page: Page
  let folder: string

  async function open(report: Report): Promise<Page> {
    const file = join(folder, `${report.nodes.length}.html`)
    await writeFile(file, await reportHtml(report))
    return Page.open(pathToFileURL(file).href)
  }
  const details = (): Promise<string> =>
    page.evaluate('document.getElementById("details").hidden ? "" : document.getElementById("details").innerText')
  const matching = (): Promise<string[]> =>
    page.evaluate('[...document.querySelectorAll(".node:not(.faded)")].map((box) => box.dataset.node)')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-html-'))
    page = await open(sample())
  })

  afterAll(async () => {
    await page?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('a click on a node shows why it is where it is', async () => {
    expect(await details()).toBe('')
    await page.click('[data-node="0"]')
    expect(await details()).toMatch(/Abs_0[^]*CPU[^]*NNPA has no Abs\./)
    await page.click('[data-node="3"]')
    expect(await details()).toMatch(/Exp_3[^]*NNPA[^]*FLOPs/)
    await page.press('Escape')
    expect(await details()).toBe('')
  })

  test('the keyboard reaches everything', async () => {
    await page.press('/', '/')
    expect(await page.evaluate('document.activeElement.id')).toBe('search')
    await page.evaluate('document.querySelector("[data-node=\'0\']").focus()')
    await page.press('Tab')
    expect(await page.evaluate('document.activeElement.dataset.node')).toBe('2')
    await page.press('Enter', '\r')
    expect(await details()).toContain('Relu_2')
    await page.press('Escape')
    expect(await details()).toBe('')
    expect(await page.evaluate('document.activeElement.dataset.node')).toBe('2')
  })

  test('filter and search', async () => {
    await page.click('[data-device="cpu"]')
    expect(await matching()).toEqual(['0', '5'])
    await page.click('[data-device=""]')
    await page.evaluate('search.value = "EXP"; search.dispatchEvent(new Event("input"))')
    expect(await matching()).toEqual(['3'])
    expect(await page.evaluate('document.getElementById("count").textContent')).toBe('1 of 5 nodes')
    await page.evaluate('search.value = ""; search.dispatchEvent(new Event("input"))')
    await page.click('[data-reason]')
    expect(await matching()).toHaveLength(1)
    await page.click('[data-reason]')
    expect(await matching()).toHaveLength(5)
  })

  test('names of the model stay text', async () => {
    await page.click('[data-node="5"]')
    expect(await details()).toContain('</script><script>')
    expect(await page.evaluate('document.title')).toContain('<img src=x onerror=alert(1)>')
    expect(await page.evaluate('document.querySelectorAll("img").length')).toBe(0)
    await page.press('Escape')
  })

  test('dark and light', async () => {
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    await page.prefer('dark')
    const dark = await background()
    await page.prefer('light')
    expect(await background()).not.toBe(dark)
  })

  test('nothing on the console, nothing from the network', () => expect(page.problems).toEqual([]))

  test('2000 nodes stay usable', async () => {
    const report = createReport(
      modelOf({
        inputs: { x: [4, 8] },
        nodes: Array.from({ length: 2000 }, (_, i): [string, string] => {
          const op = i % 3 === 0 ? 'Abs' : 'Sigmoid'
          return [op, i === 0 ? 'x' : `${(i - 1) % 3 === 0 ? 'abs' : 'sigmoid'}${i - 1}`]
        }),
      }),
      'z16',
    )
    const large = await open(report)
    try {
      const took = await large.evaluate(
        '(() => { const t = performance.now(); search.value = "abs_19"; search.dispatchEvent(new Event("input")); void document.body.offsetHeight; return performance.now() - t })()',
      )
      expect(took).toBeLessThan(1000)
      expect(await large.evaluate('document.querySelectorAll(".node:not(.faded)").length')).toBe(36)
      expect(large.problems).toEqual([])
    } finally {
      await large.close()
    }
  })
})
