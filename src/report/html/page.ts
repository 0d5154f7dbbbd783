import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { topReasons } from '../reasons.ts'
import { type NodeReport, percent, type Report } from '../report.ts'
import { countText, sourceText, workText } from '../text.ts'
import { escapeHtml as e, jsonForScript } from './escape.ts'
import { type Layout, layOut, nodeSize } from './layout.ts'

/**
 * One page that shows a report: the graph with nodes coloured by device, reasons on click, filter and search. It needs
 * nothing but itself, and may be opened from disk.
 */
export function reportHtml(report: Report): string {
  const drawn = report.nodes.flatMap(({ device }, i) => (device === 'folded' ? [] : [i]))
  const edges = edgesAmong(report.nodes, drawn)
  const layout = layOut(drawn.length, edges)
  const title = `${basename(report.model)} on ${report.target}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${e(title)}: NNPA report</title>
<style>${asset('viewer.css')}</style>
</head>
<body>
${header(report, title)}
<main>
<div id="graph" role="group" aria-label="Graph of the model">
${svg(report.nodes, drawn, layout)}
</div>
<aside id="details" aria-live="polite" hidden></aside>
<aside id="reasons">${reasons(report)}</aside>
</main>
${nodeTable(report.nodes)}
<script type="application/json" id="report">${jsonForScript(report.nodes)}</script>
<script>${asset('viewer.js')}</script>
</body>
</html>
`
}

/** Edges between drawn nodes; what goes through nodes that were folded away is one edge. */
function edgesAmong(nodes: readonly NodeReport[], drawn: readonly number[]): [number, number][] {
  const places = new Map(drawn.map((node, place) => [node, place]))
  const sources = new Map<number, ReadonlySet<number>>()
  nodes.forEach(({ inputs }, i) => {
    const all = new Set<number>()
    for (const input of inputs) {
      if (places.has(input)) all.add(places.get(input)!)
      else for (const source of sources.get(input) ?? []) all.add(source)
    }
    sources.set(i, all)
  })
  return drawn.flatMap((node, place) => [...sources.get(node)!].map((source): [number, number] => [source, place]))
}

function asset(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

const deviceNames = { nnpa: 'NNPA', cpu: 'CPU', folded: 'folded' } as const

function header(report: Report, title: string): string {
  const { nnpa, cpu, folded, flops, flopsShare } = report.summary
  const work = workText(report)
  return `<header>
<h1>${e(title)}</h1>
<p>${e(sourceText(report))}</p>
<p class="share"><span class="bar" role="img" aria-label="${e(work)}"><span style="width:${(flops === 0 ? 0 : flopsShare * 100).toFixed(2)}%"></span></span>
${e(work).replace(/^[\d.]+ %/, '<b>$&</b>')}</p>
<div class="controls" role="toolbar" aria-label="Filter">
<input id="search" type="search" placeholder="Search names, operators, reasons ( / )" aria-label="Search" autocomplete="off" spellcheck="false">
<button type="button" data-device="" aria-pressed="true">All <span>${nnpa + cpu}</span></button>
<button type="button" data-device="nnpa" class="nnpa" aria-pressed="false">NNPA <span>${nnpa}</span></button>
<button type="button" data-device="cpu" class="cpu" aria-pressed="false">CPU <span>${cpu}</span></button>
<output id="count"></output>
<span class="spacer"></span>
<button type="button" id="smaller" aria-label="Zoom out">−</button>
<button type="button" id="larger" aria-label="Zoom in">+</button>
</div>
${folded === 0 ? '' : `<p class="quiet">Not drawn, as computed at compile time or part of another node: ${folded}.</p>`}
</header>`
}

function svg(nodes: readonly NodeReport[], drawn: readonly number[], layout: Layout): string {
  const { width, height } = layout
  const lines = layout.edges.map((points) =>
    points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join(''),
  )
  const boxes = drawn.map((node, place) => box(nodes[node]!, node, layout.nodes[place]!))
  return `<svg viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" width="${Math.ceil(width)}" height="${Math.ceil(height)}" xmlns="http://www.w3.org/2000/svg">
<path class="edges" d="${lines.join('')}"/>
${boxes.join('\n')}
</svg>`
}

function box({ name, op, device }: NodeReport, index: number, { x, y }: Layout['nodes'][number]): string {
  const label = deviceNames[device]
  const { width, height } = nodeSize
  return `<g class="node ${device}" data-node="${index}" tabindex="0" role="button" aria-label="${e(`${op} ${name}, ${label}`)}" transform="translate(${round(x)} ${round(y)})"><rect width="${width}" height="${height}" rx="6"/><text x="10" y="18" class="op">${e(shortened(op, 20))}</text><text x="${width - 10}" y="18" class="device">${label}</text><text x="10" y="35">${e(shortened(name, 30))}</text></g>`
}

/** The end of a name tells more than its middle. */
function shortened(text: string, length: number): string {
  const characters = [...text]
  if (characters.length <= length) return text
  const end = Math.floor(length / 2)
  return `${characters.slice(0, length - end - 1).join('')}…${characters.slice(-end).join('')}`
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function reasons(report: Report): string {
  const items = topReasons(report).map(
    ({ reason, nodes, flopsShare }) =>
      `<li><button type="button" data-reason="${e(reason)}"><span>${e(reason)}</span> <b>${nodes.length}</b> ${nodes.length === 1 ? 'node' : 'nodes'}, ${e(percent(flopsShare))} of FLOPs</button></li>`,
  )
  const list = items.length > 0 ? `<ol>${items.join('\n')}</ol>` : '<p>All nodes are on NNPA.</p>'
  return `<h2>Why not on NNPA</h2>${list}<p class="quiet">Tab goes through the nodes, Enter opens one, Esc closes it, / searches.</p>`
}

function nodeTable(nodes: readonly NodeReport[]): string {
  const rows = nodes.map(
    ({ name, op, device, reasons: said, note, flops }) =>
      `<tr><td>${e(name)}<td>${e(op)}<td class="${device}">${deviceNames[device]}<td>${countText(flops)}<td>${e(said.join(' ') || (note ?? ''))}`,
  )
  return `<details class="all"><summary>All ${nodes.length} nodes as a table</summary>
<table><thead><tr><th>Node<th>Operator<th>Device<th>FLOPs<th>Reason</thead><tbody>
${rows.join('\n')}
</tbody></table></details>`
}
