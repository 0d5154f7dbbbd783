import type { Model } from '../runtime/model.ts'
import type { Lane } from './rounds.ts'

/** A model's synchronous runs on the same inputs, to be timed beside others. */
export function modelLane(
  name: string,
  model: Pick<Model, 'runSync'>,
  inputs: Readonly<Record<string, unknown>>,
): Lane {
  return {
    name,
    run(times) {
      for (let i = 0; i < times; i++) model.runSync(inputs)
    },
  }
}
