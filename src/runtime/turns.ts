// Not the global one, which tests of browsers' code take away, or put another in its place.
import { setImmediate } from 'node:timers'

/**
 * Milliseconds of answers that are given at once in succession, by all models. The next ones come when the event loop has gone
 * round, so that a loop that awaits one run after the other lets others have their turn. That takes 2 µs; a run elsewhere took
 * 60 more.
 */
const SPELL = 1

let spent = 0
let turn: Promise<void> | undefined

/** An answer that took so many milliseconds: now, or, where there were enough, when the event loop has gone round. */
export function inTurn<Answer>(answer: Answer, milliseconds: number): Answer | Promise<Answer> {
  spent += milliseconds
  if (spent < SPELL) return answer
  turn ??= new Promise((resolve) =>
    setImmediate(() => {
      turn = undefined
      spent = 0
      resolve()
    }),
  )
  return turn.then(() => answer)
}
