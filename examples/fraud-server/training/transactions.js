import { Random } from '../../training-kit/random.js'
import { categories } from '../src/features.js'

/**
 * Synthetic card transactions: cards with habits, and now and then a thief with other habits. Nothing here is anyone's data.
 * The history features (time since last, counts, sums) come from the simulated stream itself, frauds included, as a bank would see it.
 *
 * Not all fraud can be told from habit: some thieves buy what the owner would buy, near home, by day; and a few labels are wrong,
 * because owners overlook a fraud or dispute what they bought themselves.
 *
 * @typedef {import('../src/features.js').Transaction} Transaction
 * @typedef {Transaction & { minute: number, fraud: boolean }} LabelledTransaction
 * `minute` counts from the start of the simulation; `fraud` is the label, noise included.
 *
 * @typedef {Pick<Transaction, 'amount' | 'category' | 'distanceKm' | 'foreign' | 'cardPresent'> & { minute: number, stolen: boolean }} Purchase
 * @typedef {{ usual: number, perDay: number, online: number, city: number, traveller: number }} Card
 */

const minutesPerDay = 24 * 60
const minutesPerWeek = 7 * minutesPerDay

/** Half way round the Earth; nobody is further from home. */
const antipodeKm = 20_000

const simulation = {
  cards: 1200,
  days: 90,
  /** Chance per card and day that a thief gets hold of it. */
  theft: 0.0046,
  /** Share of frauds that nobody reports, and of honest purchases that are disputed. */
  unreported: 0.04,
  disputed: 0.0004,
}

/** The last third of the days is held out: the model is measured on a future it has not seen. */
const heldOutFromMinute = 60 * minutesPerDay

/** By category: share of honest purchases, amount relative to the card's usual one, share of online orders. */
const habits = {
  grocery: { share: 30, amount: 1.1, online: 0.1 },
  fuel: { share: 10, amount: 1.6, online: 0 },
  restaurant: { share: 18, amount: 0.8, online: 0.15 },
  fashion: { share: 8, amount: 2, online: 0.6 },
  health: { share: 7, amount: 0.9, online: 0.2 },
  entertainment: { share: 8, amount: 0.9, online: 0.5 },
  travel: { share: 3, amount: 7, online: 0.8 },
  electronics: { share: 4, amount: 5, online: 0.6 },
  digital: { share: 8, amount: 0.4, online: 1 },
  cash: { share: 4, amount: 3, online: 0 },
}

/** Honest purchases by hour of the day, from midnight. */
const hourShare = [3, 2, 1, 1, 1, 2, 4, 10, 16, 18, 20, 24, 30, 28, 22, 22, 26, 32, 34, 30, 24, 18, 12, 6]

const categoryShare = categories.map((category) => habits[category].share)

/** @param {Random} random @returns {Card} */
function newCard(random) {
  return {
    usual: random.logNormal(24, 0.5),
    perDay: random.logNormal(0.75, 0.6),
    online: random.uniform(),
    city: random.logNormal(4, 0.5),
    traveller: random.chance(0.15) ? 0.05 : 0.006,
  }
}

/** What the owner buys over the whole simulation. @param {Card} card @param {Random} random */
function honestPurchases(card, random) {
  /** @type {Purchase[]} */
  const purchases = []
  let tripEnds = 0
  let tripDistance = 0
  let abroad = false
  for (let day = 0; day < simulation.days; day++) {
    if (day >= tripEnds && random.chance(card.traveller)) {
      tripEnds = day + random.integer(2, 10)
      tripDistance = random.logNormal(700, 1)
      abroad = tripDistance > 400 && random.chance(0.7)
    }
    const away = day < tripEnds
    for (let time = random.exponential(1 / card.perDay); time < 1; time += random.exponential(1 / card.perDay)) {
      let minute = day * minutesPerDay + 60 * random.weighted(hourShare) + random.integer(0, 59)
      // Shopping streets and malls: honest purchases come in quick succession too.
      do {
        const category = categories[random.weighted(categoryShare)] ?? 'grocery'
        const { amount, online } = habits[category]
        const cardPresent = !random.chance(online * (0.5 + card.online))
        purchases.push({
          minute,
          category,
          amount: cents(0.5 + card.usual * amount * random.logNormal(1, 0.6)),
          cardPresent,
          distanceKm: (away && cardPresent ? tripDistance : 0) + random.exponential(cardPresent ? card.city : 1),
          foreign: cardPresent ? away && abroad : random.chance(0.08),
          stolen: false,
        })
        minute += random.integer(3, 40)
      } while (random.chance(0.12))
    }
  }
  return purchases
}

const thieves = [
  /** Card number bought on the net: a small test payment, then orders to a parcel shop. */
  {
    share: 50,
    categories: /** @type {const} */ (['electronics', 'digital', 'fashion', 'travel']),
    amount: 4,
    purchases: 4,
    pause: 12,
    cardPresent: false,
    distanceKm: 250,
    foreign: 0.45,
    tests: 0.6,
  },
  /** Cloned or stolen on a journey: cash and goods far away. */
  {
    share: 28,
    categories: /** @type {const} */ (['cash', 'electronics', 'fuel', 'fashion']),
    amount: 3,
    purchases: 3,
    pause: 25,
    cardPresent: true,
    distanceKm: 900,
    foreign: 0.6,
    tests: 0.15,
  },
  /** Someone near: hardly different from the owner. */
  {
    share: 22,
    categories: /** @type {const} */ (['grocery', 'restaurant', 'fashion', 'entertainment', 'cash']),
    amount: 1.6,
    purchases: 2,
    pause: 150,
    cardPresent: true,
    distanceKm: 9,
    foreign: 0,
    tests: 0,
  },
]

/** What one thief buys from some minute on. @param {Card} card @param {number} start @param {Random} random */
function stolenPurchases(card, start, random) {
  const thief = thieves[random.weighted(thieves.map((kind) => kind.share))]
  /** @type {Purchase[]} */
  const purchases = []
  if (!thief) return purchases
  const count = random.integer(1, 2 * thief.purchases - 1)
  let minute = start
  for (let nth = 0; nth < count; nth++) {
    const testing = nth === 0 && count > 1 && random.chance(thief.tests)
    purchases.push({
      minute,
      category: testing ? 'digital' : (thief.categories[random.integer(0, thief.categories.length - 1)] ?? 'cash'),
      amount: cents(testing ? 1 + 4 * random.uniform() : card.usual * thief.amount * random.logNormal(1, 0.7)),
      cardPresent: thief.cardPresent && !testing,
      distanceKm: random.logNormal(thief.distanceKm, 1),
      foreign: random.chance(thief.foreign),
      stolen: true,
    })
    minute += 1 + Math.round(random.exponential(thief.pause))
  }
  return purchases
}

/** One card's stream in order of time, with the history that precedes each purchase. @param {Random} random */
function cardStream(random) {
  const card = newCard(random)
  const purchases = honestPurchases(card, random)
  for (let day = 0; day < simulation.days; day++) {
    if (!random.chance(simulation.theft)) continue
    // Half of the thieves keep shop hours, the others don't care.
    const hour = random.chance(0.5) ? random.weighted(hourShare) : random.integer(0, 23)
    purchases.push(...stolenPurchases(card, day * minutesPerDay + 60 * hour + random.integer(0, 59), random))
  }
  purchases.sort((a, b) => a.minute - b.minute)

  let usualAmount = card.usual
  return purchases.map(({ stolen, ...purchase }, index) => {
    const previous = purchases[index - 1]
    let countLastHour = 0
    let spentLastDay = 0
    for (let past = index - 1; past >= 0 && purchase.minute - purchases[past].minute < minutesPerDay; past--) {
      if (purchase.minute - purchases[past].minute < 60) countLastHour++
      spentLastDay += purchases[past].amount
    }
    /** @type {LabelledTransaction} */
    const transaction = {
      ...purchase,
      distanceKm: Math.min(antipodeKm, Math.round(10 * purchase.distanceKm) / 10),
      hour: Math.floor(purchase.minute / 60) % 24,
      minutesSinceLast: previous ? Math.min(minutesPerWeek, purchase.minute - previous.minute) : minutesPerWeek,
      countLastHour,
      spentLastDay: cents(spentLastDay),
      usualAmount: cents(usualAmount),
      fraud: stolen ? !random.chance(simulation.unreported) : random.chance(simulation.disputed),
    }
    usualAmount += 0.1 * (purchase.amount - usualAmount)
    return transaction
  })
}

/** @param {number} euros */
function cents(euros) {
  return Math.round(100 * euros) / 100
}

/**
 * All transactions of the simulation in order of time, split into the past that a model may learn from and the future it is measured on.
 *
 * @param {number} seed
 */
export function simulateTransactions(seed) {
  const random = new Random(seed)
  const all = Array.from({ length: simulation.cards }, () => cardStream(random)).flat()
  all.sort((a, b) => a.minute - b.minute)
  return {
    training: all.filter((transaction) => transaction.minute < heldOutFromMinute),
    heldOut: all.filter((transaction) => transaction.minute >= heldOutFromMinute),
  }
}
