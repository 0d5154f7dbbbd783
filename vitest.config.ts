import { defineConfig } from 'vitest/config'
import { workerInSources } from './scripts/worker.js'
import { LongestFirst } from './test/order.ts'

export default defineConfig({
  plugins: [workerInSources],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**', '**/node_modules/**'],
    globalSetup: 'test/prebuilt-addon.ts',
    // A test may start a C compiler or a bundler; on two shared cores that takes a while.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // One more than CI has processors: tests wait for browsers, emulators and npm for about a quarter of their time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Some tests race with a clock (aborts, watchers, containers) on a machine that others use, too. What is broken fails again.
    retry: process.env['CI'] ? 2 : 0,
  },
})
