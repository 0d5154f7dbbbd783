import { text } from 'node:stream/consumers'
import type { PluginOptions } from '../pipeline/index.ts'
import { createAnswerer, type Question } from './answer.ts'

// The process of sync.ts: a question on standard input, its answer on standard output.

const { options, question } = JSON.parse(await text(process.stdin)) as {
  readonly options: PluginOptions
  readonly question: Question
}
process.stdout.write(JSON.stringify(await createAnswerer(options)(question)))
