import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { escapeHtml, jsonForScript } from '../../src/report/html/escape.ts'
import { layOut, nodeSize } from '../../src/report/html/layout.ts'
import { randomNumbers } from '../../src/compilers/random-numbers.ts'
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

type Edge = readonly [number, number]

/** A graph of up to `breadth` nodes side by side, of which each takes up to three of the `reach` before it. */
function randomGraph(count: number, reach: number, seed: number): Edge[] {
  const random = randomNumbers(seed)
  return Array.from({ length: count }, (_, to) => {
    const sources = Array.from({ length: 1 + Math.floor(random() * 3) }, () => to - 1 - Math.floor(random() * reach))
    return [...new Set(sources)].filter((from) => from >= 0).map((from): Edge => [from, to])
  }).flat()
}

describe('layout', () => {
  test.each([
    [
      'a diamond',
      4,
      [
        [0, 1],
        [0, 2],
        [1, 3],
        [2, 3],
      ] as Edge[],
    ],
    [
      'two parts',
      4,
      [
        [0, 1],
        [2, 3],
      ] as Edge[],
    ],
    [
      'a value that all take',
      130,
      Array.from({ length: 129 }, (_, i): Edge[] =>
        i === 0
          ? [[0, 1]]
          : [
              [0, i + 1],
              [i, i + 1],
            ],
      ).flat(),
    ],
    ...[1, 2, 3, 4].map((seed): [string, number, Edge[]] => [
      `random ${seed}`,
      60,
      randomGraph(60, 2 + 3 * seed, seed),
    ]),
  ])('%s: nodes apart, lines at right angles, from node to node and through no other', (_, count, edges) => {
    const { nodes, edges: lines, width, height } = layOut(count, edges)
    const boxes = nodes.map(({ x, y }) => ({ x, y, right: x + nodeSize.width, bottom: y + nodeSize.height }))
    const distance = (a: (typeof boxes)[0], b: (typeof boxes)[0]): number =>
      Math.max(a.x - b.right, b.x - a.right, a.y - b.bottom, b.y - a.bottom)
    for (const [i, box] of boxes.entries()) {
      expect(Math.min(box.x, box.y, width - box.right, height - box.bottom)).toBeGreaterThanOrEqual(0)
      expect(boxes.slice(0, i).filter((other) => distance(box, other) < 5)).toEqual([])
    }
    for (const [edge, points] of lines.entries()) {
      const [from, to] = edges[edge]!.map((node) => boxes[node]!) as [(typeof boxes)[0], (typeof boxes)[0]]
      expect(points[0]).toEqual({ x: expect.closeTo(from.x + nodeSize.width / 2) as number, y: from.bottom })
      const end = points.at(-1)!
      expect([end.y === to.y, end.x > to.x, end.x < to.right]).toEqual([true, true, true])
      const segments = points.slice(1).map((point, i) => {
        const before = points[i]!
        const [x, right] = [Math.min(point.x, before.x), Math.max(point.x, before.x)]
        const [y, bottom] = [Math.min(point.y, before.y), Math.max(point.y, before.y)]
        return { x, right, y, bottom }
      })
      // What is narrower than a tenth of a pixel is drawn as one line.
      expect(segments.filter(({ x, right, y, bottom }) => right - x > 0.1 && bottom > y)).toEqual([])
      expect(segments.filter((line) => line.right > width || boxes.some((box) => distance(line, box) < -0.1))).toEqual(
        [],
      )
    }
  })

  test('a chain is a straight line', () => {
    const { nodes } = layOut(
      50,
      Array.from({ length: 49 }, (_, i): Edge => [i, i + 1]),
    )
    expect(new Set(nodes.map(({ x }) => x)).size).toBe(1)
  })

  test('an empty graph, and one of thousands of nodes', () => {
    expect(layOut(0, [])).toEqual({ width: 0, height: 0, nodes: [], edges: [] })
    const count = 20_000
    const chain = Array.from({ length: count - 1 }, (_, i): Edge => [i, i + 1])
    const skips = chain.flatMap(([i]): Edge[] => (i % 3 === 0 && i + 4 < count ? [[i, i + 4]] : []))
    const everywhere = chain.slice(1).map(([i]): Edge => [0, i + 1])
    const edges = [...chain, ...skips, ...everywhere].sort((a, b) => a[1] - b[1])
    const started = performance.now()
    const { nodes, height } = layOut(count, edges)
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(nodes).toHaveLength(count)
    expect(height).toBeGreaterThan(count * nodeSize.height)
  })
})

describe('the page', () => {
  test('holds everything itself, escaped', () => {
    const html = reportHtml(sample())
    expect(html).not.toMatch(/<script>document\.title|<img/)
    expect(html).not.toMatch(/\b(?:src|href)="(?!data:)/)
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.match(/<g class="node/g)).toHaveLength(5)
    expect(html).toContain('part of another node: 1.')
  })

  test('a report without any node on a device still makes one', () => {
    const report = sample()
    const html = reportHtml({ ...report, nodes: report.nodes.map((node) => ({ ...node, device: 'folded' })) })
    expect(html).not.toContain('<g class="node')
  })
})

describe.runIf(chromium)('in Chromium', () => {
  let page: Page
  let folder: string

  async function open(report: Report): Promise<Page> {
    const file = join(folder, `${report.nodes.length}.html`)
    await writeFile(file, reportHtml(report))
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
