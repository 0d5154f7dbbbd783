import type { Converter, Handler } from '../converter.ts'
import type { State } from '../state.ts'

// Variables are states of the model (../states.ts): an operator here says when one is read, and what it becomes.

function stateOf(c: Converter, handle: number): State {
  return c.states.ofHandle(c.graph, handle) ?? c.fail('has a variable that is handed on from graph to graph')
}

/** What it begins with is added to the state, so that zeros begin anew. What no run changes is a constant: weights, mostly. */
const read: Handler = (c, { inputs: [handle = -1], outputs: [output = -1] }) => {
  const { value, input, initial, isAssigned, type } = stateOf(c, handle)
  if (initial && !isAssigned && initial.type === c.type(output)) return c.setConstant(output, initial)
  const start = initial && c.writer.names.tensor(initial, input)
  const zeros = (): string => c.op('Expand', [c.writer.scalar(0, type.type), c.writer.ints(type.shape as number[])])
  const beginning = isAssigned ? (start === undefined ? input : c.op('Add', [input, start])) : (start ?? zeros())
  c.setReal(output, value === '' ? beginning : value)
}

const assign: Handler = (c, { inputs: [handle = -1, value = -1] }) => {
  if (c.writer !== c.states.writer) c.fail('has a variable that is assigned in an IF or a WHILE')
  stateOf(c, handle).value = c.real(value)
}

export const variables: Readonly<Record<string, Handler>> = {
  // What variables begin with is read before (../states.ts).
  CALL_ONCE: () => undefined,
  VAR_HANDLE: () => undefined,
  READ_VARIABLE: read,
  ASSIGN_VARIABLE: assign,
}
