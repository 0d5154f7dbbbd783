import { categories, type Category, type Transaction } from './features.js'

/** What a client sent is not a transaction; the message says which field, and what it may be. */
export class InvalidTransaction extends Error {}

/** Allowed values of the numeric fields, both ends included. */
const ranges = {
  amount: { from: 0, to: 1e6, unit: 'EUR' },
  hour: { from: 0, to: 23, unit: 'o’clock', whole: true },
  distanceKm: { from: 0, to: 20_040, unit: 'km' },
  minutesSinceLast: { from: 0, to: 1e7, unit: 'minutes' },
  countLastHour: { from: 0, to: 10_000, unit: 'transactions', whole: true },
  spentLastDay: { from: 0, to: 1e8, unit: 'EUR' },
  usualAmount: { from: 0, to: 1e6, unit: 'EUR' },
} satisfies Record<string, { from: number; to: number; unit: string; whole?: boolean }>

/**
 * Checks that a value from outside is a transaction.
 *
 * @param where names the value in messages, e.g. `transaction 3`
 * @throws InvalidTransaction
 */
export function parseTransaction(value: unknown, where: string): Transaction {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidTransaction(`${where}: expected an object, got ${describe(value)}`)
  }
  const fields = new Map<string, unknown>(Object.entries(value))
  const number = (name: keyof typeof ranges): number => {
    const { from, to, unit, whole }: { from: number; to: number; unit: string; whole?: boolean } = ranges[name]
    const given = fields.get(name)
    if (typeof given === 'number' && given >= from && given <= to && (!whole || Number.isInteger(given))) return given
    const kind = whole ? 'a whole number' : 'a number'
    throw new InvalidTransaction(
      `${where}: ${name} must be ${kind} from ${from} to ${to} ${unit}, got ${describe(given)}`,
    )
  }
  const boolean = (name: 'foreign' | 'cardPresent'): boolean => {
    const given = fields.get(name)
    if (typeof given === 'boolean') return given
    throw new InvalidTransaction(`${where}: ${name} must be true or false, got ${describe(given)}`)
  }
  return {
    amount: number('amount'),
    category: parseCategory(fields.get('category'), where),
    hour: number('hour'),
    distanceKm: number('distanceKm'),
    foreign: boolean('foreign'),
    cardPresent: boolean('cardPresent'),
    minutesSinceLast: number('minutesSinceLast'),
    countLastHour: number('countLastHour'),
    spentLastDay: number('spentLastDay'),
    usualAmount: number('usualAmount'),
  }
}

function parseCategory(given: unknown, where: string): Category {
  const category = categories.find((known) => known === given)
  if (category) return category
  throw new InvalidTransaction(`${where}: category must be one of ${categories.join(', ')}; got ${describe(given)}`)
}

/** A short rendering that is safe to send back, however long the value is. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
