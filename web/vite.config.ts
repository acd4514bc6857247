import { readFile, writeFile } from 'node:fs/promises'

import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

// While the page is worked on, `npm run dev` shows it over a server that runs elsewhere: OFFHOOK_URL names it, and
// OFFHOOK_TOKEN signs in where the browser has no session.
const server = process.env.OFFHOOK_URL ?? 'http://127.0.0.1:8080'
const token = process.env.OFFHOOK_TOKEN

const LICENSES = 'licenses.txt'

/** What stands above the notices of the page's own libraries. */
const ABOUT = `# Licences

Offhook is licensed under the Apache License 2.0.

Recordings as MP3 are made by LAME (https://lame.sourceforge.io), which is licensed under LGPL-3.0 and contained in the
program unless that was built without its feature \`mp3\`. Its source is that of the crate \`mp3lame-sys\`, from which it is
built; another version is put in its place by building Offhook with another version of that crate.

The web page contains the libraries below.
`

const about: Plugin = {
  name: 'offhook-licenses',
  enforce: 'post',
  writeBundle: async ({ dir }) => {
    const file = `${dir ?? 'dist'}/${LICENSES}`
    const notices = await readFile(file, 'utf8')
    // Behind Vite's own heading and sentence.
    await writeFile(file, `${ABOUT}\n${notices.slice(notices.indexOf('## '))}`)
  },
}

export default defineConfig({
  plugins: [react(), about],
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
    // The notices of all that is bundled, as their licences ask for. The page links to it.
    license: { fileName: LICENSES },
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
