/** Who is signed in. */

import { createContext, use } from 'react'

import type { Me } from '../../api/types'

export interface Session {
  me: Me
  signOut: () => Promise<void>
  /** A new session of the same person, whose old one ended with a change of the password. */
  signInAgain: (email: string, password: string) => Promise<void>
}

export const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = use(SessionContext)
  if (session === null) throw new Error('nobody is signed in here')
  return session
}
