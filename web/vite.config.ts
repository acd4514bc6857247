import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// While the page is worked on, `npm run dev` shows it over a server that runs elsewhere: OFFHOOK_URL names it, and
// OFFHOOK_TOKEN signs in where the browser has no session.
const server = process.env.OFFHOOK_URL ?? 'http://127.0.0.1:8080'
const token = process.env.OFFHOOK_TOKEN

export default defineConfig({
  plugins: [react()],
  // The server puts a nonce of its own in place of this word into each page that it sends.
  html: { cspNonce: 'OFFHOOK_NONCE' },
  build: {
    target: 'es2022',
    // The policy allows images from data: URLs, but a file of its own is cached.
    assetsInlineLimit: 0,
    // What the first view loads is held to a bound by e2e/page.spec.ts, compressed as it travels.
    chunkSizeWarningLimit: 700,
    // Modules are few and small; the preload helper would be a script the policy has to know.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/v1.1': {
        target: server,
        headers: token === undefined ? {} : { 'X-Auth-Token': token },
      },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
  },
})
