import { bold, bytesText, dim, durationText, table } from '../../style.ts'
import type { BrowserComparison } from './measure.ts'

/** One model in a browser: a line per engine. */
export function browserText(name: string, { engines, maxRelDiff }: BrowserComparison): string {
  const heading = ['  engine', 'first result', 'sooner', 'min', 'median', 'faster', 'page', 'gzip', 'module'].map(dim)
  const rows = Object.entries(engines).map(([engine, result]) => [
    `  ${engine}`,
    durationText(result.firstResultMs.median * 1000),
    `${result.firstResultRatio.toFixed(1)}x`,
    durationText(result.runUs.min),
    durationText(result.runUs.median),
    `${result.pairedRatio.toFixed(2)}x`,
    bytesText(result.size.bytes),
    bytesText(result.size.gzipBytes),
    result.modules.join(', '),
  ])
  return [bold(name), table([heading, ...rows]), `  max rel diff ${maxRelDiff.toExponential(1)}`].join('\n')
}
