/**
 * How well scores tell frauds from honest transactions when everything from `threshold` on is flagged.
 * Precision: share of flagged transactions that are frauds. Recall: share of frauds that are flagged.
 *
 * @param {ArrayLike<number>} scores @param {readonly boolean[]} frauds @param {number} threshold
 */
export function precisionRecall(scores, frauds, threshold) {
  let flagged = 0
  let caught = 0
  let total = 0
  frauds.forEach((fraud, row) => {
    const flag = scores[row] >= threshold
    flagged += Number(flag)
    caught += Number(flag && fraud)
    total += Number(fraud)
  })
  return { threshold, flagged, precision: flagged ? caught / flagged : 0, recall: total ? caught / total : 0 }
}

/**
 * Average precision: precision at each fraud from the highest score down, averaged over the frauds.
 * Chance level is the share of frauds.
 *
 * @param {ArrayLike<number>} scores @param {readonly boolean[]} frauds
 */
export function averagePrecision(scores, frauds) {
  const ranked = frauds.map((_, row) => row).sort((a, b) => scores[b] - scores[a])
  let caught = 0
  let sum = 0
  ranked.forEach((row, rank) => {
    if (frauds[row]) sum += ++caught / (rank + 1)
  })
  return caught ? sum / caught : 0
}
