import { chromium } from '../../src/cli/bench/browser/browser.ts'

export * from '../../src/cli/bench/browser/browser.ts'
export * from '../../src/cli/bench/browser/page.ts'

if (!chromium) console.log('skipped: pages in a browser, since there is no chromium (apt-get install chromium)')
