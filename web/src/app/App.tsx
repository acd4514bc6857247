import { MantineProvider, MantineThemeProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'

import { ApiError } from '../api/client'
import { SessionGate } from '../features/session/SessionGate'
import { I18nProvider, useI18n } from '../i18n'
import { Shell } from './Shell'
import { styleNonce } from '../ui/styleNonce'
import { theme, variables } from './theme'

const queries = new QueryClient({
  defaultOptions: {
    // The server may be on this very machine, or in a network of its own: whether there is an internet says nothing.
    queries: {
      networkMode: 'always',
      // What is refused is refused again; a server that is away comes back, and the stream says when.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.status >= 500,
      staleTime: 5_000,
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: 'always' },
  },
})

// Under this name the library that keeps the page still behind a dialog looks for it.
Object.assign(globalThis, { __webpack_nonce__: styleNonce() })

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <I18nProvider>
        <QueryClientProvider client={queries}>
          <Messages />
          <SessionGate>
            <Shell />
          </SessionGate>
        </QueryClientProvider>
      </I18nProvider>
    </MantineProvider>
  )
}

/** What is told in passing; each can be closed by a button with a name. */
function Messages() {
  const { t } = useI18n()
  const closeButtonProps = { 'aria-label': t('common.close') }
  return (
    <MantineThemeProvider theme={{ components: { Notification: { defaultProps: { closeButtonProps } } } }}>
      <Notifications position="top-right" />
    </MantineThemeProvider>
  )
}
