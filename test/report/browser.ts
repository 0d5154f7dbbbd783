import { chromium } from '../../src/cli/bench/browser/chromium.ts'

export * from '../../src/cli/bench/browser/chromium.ts'

if (!chromium) console.log('skipped: pages in a browser, since there is no chromium (apt-get install chromium)')
