import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { operators } from '../../src/ops/index.ts'
import { present, suiteDir } from '../onnx/suite.ts'
import { type Outcome, runSubjects, type Subject } from './binary.ts'
import { contribSeeds } from './contrib-seeds.ts'
import { moreSeeds } from './more-seeds.ts'
import { type Refusal, retypedSubjects, type Seed, seedsOf, symbolicSubject } from './subjects.ts'

// Whatever sizes, contents and types a caller comes with, the answer is a result or an error: no foreign memory, no
// undefined behaviour, no hang. Models are ONNX's own tests with what they state of sizes taken away.

const folder = mkdtempSync(join(tmpdir(), 'soundness-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Models in one program: more take the C compiler longer than in proportion. */
const BATCH = 64
/** Of each combination of operators; with other types each is there several times by itself. */
const [PER_OPERATOR, PER_OPERATOR_AND_TYPE] = [2, 1]

describe.runIf(present(suiteDir))('models of unknown sizes', () => {
  const seedsOfEach = (count: number) =>
    seedsOf(suiteDir, count).then((found) => [...found, ...moreSeeds, ...contribSeeds])
  const seeds = seedsOfEach(PER_OPERATOR)

  test('take other sizes and contents of each input, or refuse them', { timeout: 1_200_000 }, async () => {
    const made = (await seeds).map(symbolicSubject)
    expect(problemsOf(made)).toEqual([])
    const outcomes = await runAll('sizes', made.filter(isSubject))
    expect(outcomes.filter(isFailure).map(describeOutcome)).toEqual([])
    const originals = outcomes.filter(({ call }) => call.what === 'as it should be')
    expect(originals.filter(({ status }) => status !== 'ran').map(describeOutcome)).toEqual([])
    expect(outcomes.length).toBeGreaterThan(5000)
  })

  test('refuse inputs of other types, or compute with them', { timeout: 1_200_000 }, async () => {
    const made = (await seedsOfEach(PER_OPERATOR_AND_TYPE)).flatMap((seed) => [...retypedSubjects(seed)])
    expect(problemsOf(made)).toEqual([])
    const outcomes = await runAll('types', made.filter(isSubject))
    expect(outcomes.filter(isFailure).map(describeOutcome)).toEqual([])
  })

  test('there is one for every operator', async () => {
    const seen = new Set((await seeds).flatMap(operatorsOf))
    const unseen = operators.map(nameOf).filter((name) => !name.startsWith('om:') && !seen.has(name))
    expect([...new Set(unseen)].sort()).toEqual(notInSuite)
  })
})

/** Operators that have no input, or none that is a tensor. */
const notInSuite = [
  ':Optional',
  ':OptionalHasElement',
  ':RandomNormal',
  ':RandomUniform',
  'ai.onnx.ml:CastMap',
  'ai.onnx.ml:DictVectorizer',
]

function nameOf({ domain = '', name }: { readonly domain?: string; readonly name: string }): string {
  return `${domain}:${name}`
}

function operatorsOf({ model }: Seed): string[] {
  return model.graph.nodes.map(({ domain, op }) => `${domain}:${op}`)
}

async function runAll(name: string, subjects: readonly Subject[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let at = 0; at < subjects.length; at += BATCH) {
    outcomes.push(...(await runSubjects(join(folder, name), subjects.slice(at, at + BATCH))))
  }
  return outcomes
}

function isSubject(made: Subject | Refusal): made is Subject {
  return 'source' in made
}

/** Errors that are none of ours. */
function problemsOf(made: readonly (Subject | Refusal)[]): string[] {
  return made.flatMap((one) => (!isSubject(one) && one.raw ? [`${one.name}: ${one.error.message}`] : []))
}

function isFailure({ status }: Outcome): boolean {
  return status === 'failed'
}

function describeOutcome({ subject, call, status, report = 'an error without words' }: Outcome): string {
  return `${subject.name}, ${call.what}: ${status === 'failed' ? report : status}`
}
