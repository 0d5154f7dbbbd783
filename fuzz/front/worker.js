import { openSync, writeSync } from 'node:fs'
import { runStages } from './stages.js'
import { corpus } from './corpus.js'
import { Mutator } from './mutate.js'

// Runs the cases that the supervisor sends. A process of its own: what a case does to it, it does to nothing else.

/** Processor seconds from which on a case is listed, though it doesn't count. */
const SLOW = 2

const { root, seed, stage, format, at } = JSON.parse(process.argv[2])
const mutator = new Mutator(await corpus(root, format))
const mark = openSync(at, 'w')
const clean = pollution()

process.on('message', ({ first, end }) => {
  for (let number = first; number < end; number++) {
    // The supervisor reads it from the file when this process can't answer any more.
    writeSync(mark, new Float64Array([number]), 0, 8, 0)
    process.send({ number, ends: runCase(number) })
  }
  process.send({ done: true })
})
process.on('disconnect', () => process.exit())
process.send({ done: true })

function runCase(number) {
  const { bytes } = mutator.mutant(seed, number)
  const start = process.cpuUsage()
  const ends = runStages(bytes, stage).map(({ stage: name, kind, what }) => ({ stage: name, kind, what }))
  const { user, system } = process.cpuUsage(start)
  const seconds = (user + system) / 1e6
  if (seconds > SLOW) ends.push({ stage: 'all', kind: 'slow', what: `${seconds.toFixed(0)} s` })
  if (pollution() !== clean) ends.push({ stage: 'all', kind: 'raw', what: 'a built-in prototype has changed' })
  return ends
}

/** A model's names are keys: none may end up in a prototype. */
function pollution() {
  return [Object, Array, Map, Function, String].map(({ prototype }) => Reflect.ownKeys(prototype).length).join()
}
