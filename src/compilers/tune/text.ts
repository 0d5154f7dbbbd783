import type { Tuned } from '../../cache/artifact.ts'

/** What tuning found, in a line. */
export function tunedText({ winner, ratio, tried, seconds, problem }: Tuned): string {
  if (problem !== undefined) return `not tuned, as ${problem}`
  const timed = tried.filter((trial) => trial.ratio !== null).length
  const what = winner === 'default' ? 'nothing was faster' : `${winner}, ${ratio.toFixed(2)} times as fast`
  return `tuned: ${what} (${timed} ${timed === 1 ? 'variant' : 'variants'} timed in ${seconds.toFixed(0)} s)`
}
