import type { Choices } from '../../lowering/choices.ts'
import { median } from '../../measure/statistics.ts'
import type { Variant } from './variants.ts'

/** What became of a variant. */
export interface Trial {
  readonly name: string
  /** How many times as fast as the best before it; `null` where it was not timed. */
  readonly ratio: number | null
  /** Why it was not. */
  readonly problem?: string
}

/** What search found. */
export interface Found<Build> {
  readonly build: Build
  readonly choices: Choices
  /** Names of the variants that it is made of; none: the rules' own choices were the best. */
  readonly names: readonly string[]
  /** How many times as fast as the rules' own choices. */
  readonly ratio: number
  readonly tried: readonly Trial[]
}

/** Times of two builds, a pair for each round. */
export type Race = readonly { readonly before: number; readonly after: number }[]

/** What search does with builds of a model. */
export interface Workbench<Build> {
  /** Milliseconds of a clock. */
  now(): number
  /**
   * Builds the model with these choices, and sees whether its results are right.
   *
   * @param ms after which it is to be given up
   * @returns `undefined` where they make nothing of it that was not there before; else the build, or why there is none
   */
  build(choices: Choices, ms: number): Promise<{ readonly build: Build } | { readonly problem: string } | undefined>
  /** Times two builds in turn. */
  race(before: Build, after: Build): Promise<Race>
  /** Is told of each variant before it is built. */
  progress(variant: string, step: number, steps: number): void
  /** Is told that a build is no longer needed. */
  drop(build: Build): Promise<void>
}

/** The problem of a variant that there was no time for. */
export const NO_TIME = 'no time was left'
/** Less is noise: what two builds of the same C differ by on a busy machine (docs/performance.md, Tuning). */
export const LEAST_GAIN = 1.03
/** Of the rounds, how many have to be won. */
const LEAST_WON = 0.75

/** How many times as fast the second of two builds is: by the median of the rounds' ratios. */
export function ratioOf(race: Race): number {
  return median(race.map(({ before, after }) => before / after))
}

/** Whether the second of two builds is faster beyond doubt: in the median of rounds, at its best, and in most rounds. */
export function isFaster(race: Race): boolean {
  const [before, after] = [
    Math.min(...race.map((round) => round.before)),
    Math.min(...race.map((round) => round.after)),
  ]
  const won = race.filter((round) => round.before > round.after).length
  return ratioOf(race) >= LEAST_GAIN && before / after >= LEAST_GAIN && won >= LEAST_WON * race.length
}

/**
 * Tries variants one after another, each on top of those that made the model faster before it, within a number of seconds.
 * What was found is timed once more at the end, against the rules' own choices.
 *
 * @param base the build that the rules' own choices make
 * @param limits `seconds` that all may take, and those that one `build` and one `race` will take by all that is known
 */
export async function search<Build>(
  variants: readonly Variant[],
  base: Build,
  bench: Workbench<Build>,
  { seconds, ...known }: { readonly seconds: number; readonly build: number; readonly race: number },
): Promise<Found<Build>> {
  const end = bench.now() + seconds * 1000
  const tried: Trial[] = []
  let best: Best<Build> = { build: base, choices: {}, names: new Map() }
  /** The longest that one took so far, in ms. */
  const longest = { build: known.build * 1000, race: known.race * 1000 }
  const timed = async <Result>(kind: keyof typeof longest, work: Promise<Result>): Promise<Result> => {
    const began = bench.now()
    const result = await work
    longest[kind] = Math.max(longest[kind], bench.now() - began)
    return result
  }
  for (const [i, { decides, name, changes }] of variants.entries()) {
    // One that wins is timed twice, and what was found once more at the end.
    if (end - bench.now() < longest.build + 3 * longest.race) {
      tried.push({ name, ratio: null, problem: NO_TIME })
      continue
    }
    bench.progress(name, i + 1, variants.length)
    const choices = merged(best.choices, changes)
    const made = await timed('build', bench.build(choices, end - bench.now() - 3 * longest.race))
    if (made === undefined) continue
    if ('problem' in made) {
      tried.push({ name, ratio: null, problem: made.problem })
      continue
    }
    const { build } = made
    const race = await timed('race', bench.race(best.build, build))
    tried.push({ name, ratio: ratioOf(race) })
    // Of many races on a busy machine one looks won: twice in a row is another thing.
    const isBetter = isFaster(race) && isFaster(await timed('race', bench.race(best.build, build)))
    const loser = isBetter ? best.build : build
    if (isBetter) best = { build, choices, names: new Map([...best.names, [decides, name]]) }
    if (loser !== base) await bench.drop(loser)
  }
  const unchanged = { build: base, choices: {}, names: [], ratio: 1, tried }
  if (best.names.size === 0) return unchanged
  const last = await bench.race(base, best.build)
  if (isFaster(last)) return { ...best, names: [...best.names.values()], ratio: ratioOf(last), tried }
  await bench.drop(best.build)
  return unchanged
}

interface Best<Build> {
  readonly build: Build
  readonly choices: Choices
  /** By what they decide. */
  readonly names: ReadonlyMap<Variant['decides'], string>
}

function merged(a: Choices, b: Choices): Choices {
  return { ...a, ...b, ...(a.macros && b.macros && { macros: { ...a.macros, ...b.macros } }) }
}
