import type { Value } from '../graph/graph.ts'
import type { Placement } from './placed.ts'
import type { Program, Step } from './program.ts'

/** Who makes and who uses each value, and where. */
export class Neighbours {
  private readonly placement: Placement
  private readonly producers = new Map<Value, Step>()
  private readonly users = new Map<Value, Step[]>()

  constructor({ steps }: Program, placement: Placement) {
    this.placement = placement
    for (const step of steps) {
      for (const output of step.outputs) this.producers.set(output, step)
      for (const input of step.inputs) if (input) this.usersOf(input).push(step)
    }
  }

  isOnNnpa(step: Step): boolean {
    return this.placement.get(step)?.device === 'nnpa'
  }

  producerOf(value: Value | undefined): Step | undefined {
    return value && this.producers.get(value)
  }

  usersOf(value: Value): Step[] {
    const users = this.users.get(value) ?? []
    this.users.set(value, users)
    return users
  }
}
