/** Who is signed in. */

import { createContext, use } from 'react'

import type { Me } from '../../api/types'

export interface Session {
  me: Me
  signOut: () => Promise<void>
}

export const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = use(SessionContext)
  if (session === null) throw new Error('nobody is signed in here')
  return session
}
