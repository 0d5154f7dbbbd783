import { bold, bytesText, dim, durationText, table } from '../../style.ts'
import type { BrowserComparison } from './measure.ts'

/** One model in a browser: a line per engine. */
export function browserText(
  name: string,
  { engines, maxRelDiff, emptyPageMs, emptyPageMsOver }: BrowserComparison,
): string {
  const over = Object.keys(Object.values(engines)[0]?.overNetworks ?? {})
  const places = ['first result', ...over.map((network) => `over ${network}`)].flatMap((place) => [
    place,
    'sooner',
    'itself',
  ])
  const heading = ['  engine', ...places, 'min', 'median', 'faster', 'page', 'gzip', 'module'].map(dim)
  const rows = Object.entries(engines).map(([engine, result]) => [
    `  ${engine}`,
    ...[result, ...Object.values(result.overNetworks)].flatMap(({ firstResultMs, firstResultRatio, ownRatio }) => [
      durationText(firstResultMs.median * 1000),
      `${firstResultRatio.toFixed(1)}x`,
      `${ownRatio.toFixed(1)}x`,
    ]),
    durationText(result.runUs.min),
    durationText(result.runUs.median),
    `${result.pairedRatio.toFixed(2)}x`,
    bytesText(result.size.bytes),
    bytesText(result.size.gzipBytes),
    result.modules.join(', '),
  ])
  const empty = [durationText(emptyPageMs.median * 1000)].concat(
    Object.entries(emptyPageMsOver).map(([network, { median }]) => `${durationText(median * 1000)} over ${network}`),
  )
  const notes = `  max rel diff ${maxRelDiff.toExponential(1)}; a page that does nothing: ${empty.join(', ')}`
  return [bold(name), table([heading, ...rows]), notes].join('\n')
}
