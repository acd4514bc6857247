import { defineConfig } from '@playwright/test'

import { STATE } from './e2e/demo'

// The whole page in Debian's Chromium against the real binary in demo mode, once in each language.
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  globalSetup: './e2e/demo.ts',
  fullyParallel: false,
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  // Where other work shares the machine a browser may be too late once; the list then calls the test flaky.
  retries: process.env.CI === undefined ? 0 : 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    storageState: STATE,
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    video: 'off',
    launchOptions: {
      executablePath: process.env.OFFHOOK_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'en', use: { locale: 'en-GB', timezoneId: 'Europe/London' } },
    { name: 'es', use: { locale: 'es-ES', timezoneId: 'Europe/Madrid' } },
  ],
})
