import type { Value } from './graph.ts'

/** Names in scope. An inner graph sees the names of the graphs around it, a function only its own. */
export class Scope {
  private readonly names = new Map<string, Value | undefined>()
  private readonly outer: Scope | undefined

  constructor(outer?: Scope) {
    this.outer = outer
  }

  has(name: string): boolean {
    return this.names.has(name) || (this.outer?.has(name) ?? false)
  }

  find(name: string): Value | undefined {
    return this.names.has(name) ? this.names.get(name) : this.outer?.find(name)
  }

  /** `undefined`: an optional input of a function that the call leaves out. */
  define(name: string, value: Value | undefined): void {
    if (name) this.names.set(name, value)
  }
}
