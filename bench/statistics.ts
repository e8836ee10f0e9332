const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

/** Milliseconds, three digits: more would claim a precision that no machine has. */
export const percentiles = (values: readonly number[]) => ({
  p50Ms: Number(percentile(values, 0.5).toPrecision(3)),
  p95Ms: Number(percentile(values, 0.95).toPrecision(3)),
  p99Ms: Number(percentile(values, 0.99).toPrecision(3)),
  runs: values.length,
})
