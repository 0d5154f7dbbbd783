/**
 * What the model looks at. The service and the training script share this file, so that both see a transaction the same way.
 *
 * @typedef {object} Transaction
 * @property {number} amount            EUR
 * @property {Category} category        what the merchant sells
 * @property {number} hour              local hour of the day at the cardholder's home, 0 to 23
 * @property {number} distanceKm        from home to the terminal, or to the delivery address of an online order
 * @property {boolean} foreign          the merchant is in another country than the cardholder
 * @property {boolean} cardPresent      chip or contactless, as opposed to online
 * @property {number} minutesSinceLast  since the card's previous transaction
 * @property {number} countLastHour     the card's transactions in the hour before this one
 * @property {number} spentLastDay      EUR, in the 24 hours before this one
 * @property {number} usualAmount       EUR, moving average of the card's earlier amounts
 *
 * @typedef {typeof categories[number]} Category
 */

export const categories = /** @type {const} */ ([
  'grocery',
  'fuel',
  'restaurant',
  'fashion',
  'health',
  'entertainment',
  'travel',
  'electronics',
  'digital',
  'cash',
])

/** Columns of the model's input `features`, in order. Amounts, distances and times spread over magnitudes, so they enter as log(1 + x). */
export const featureNames = /** @type {const} */ ([
  'amount',
  'amount against usual',
  'distance',
  'foreign',
  'card present',
  'time since last',
  'count last hour',
  'spent last day against usual',
])

/**
 * The model's three inputs for some transactions: `features` f32[n, 8], `category` i64[n] and `hour` i64[n].
 *
 * @param {readonly Transaction[]} transactions
 */
export function modelInputs(transactions) {
  const width = featureNames.length
  const features = new Float32Array(transactions.length * width)
  const category = new BigInt64Array(transactions.length)
  const hour = new BigInt64Array(transactions.length)
  transactions.forEach((t, row) => {
    features.set(
      [
        Math.log1p(t.amount),
        Math.log((t.amount + 1) / (t.usualAmount + 1)),
        Math.log1p(t.distanceKm),
        t.foreign ? 1 : 0,
        t.cardPresent ? 1 : 0,
        Math.log1p(t.minutesSinceLast),
        Math.log1p(t.countLastHour),
        Math.log1p(t.spentLastDay / (t.usualAmount + 1)),
      ],
      row * width,
    )
    category[row] = BigInt(categories.indexOf(t.category))
    hour[row] = BigInt(t.hour)
  })
  return { features, category, hour }
}
