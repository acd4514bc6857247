import { join } from 'node:path'

import config from '../playwright.config'

// The pictures of README, taken of the demo: `npm run screens`.
export default {
  ...config,
  testDir: import.meta.dirname,
  outputDir: join(import.meta.dirname, '..', 'test-results'),
  globalSetup: '../e2e/demo.ts',
  workers: 1,
  timeout: 180_000,
  projects: [{ name: 'en', use: { locale: 'en-GB', timezoneId: 'UTC' } }],
}
