/** Users of a test's own, so that no test signs another one out. */

import type { Page } from '@playwright/test'

import type { User } from '../src/api/types'
import type { translate } from '../src/i18n/translate'

type Rest = <T>(method: string, path: string, body?: unknown) => Promise<T>
type T = (key: Parameters<typeof translate>[1]) => string

export const PASSWORD = 'correct horse battery'

/** An admin with a name that is no other's. */
export async function makeAdmin(rest: Rest, ext: string, name: string): Promise<User> {
  await removeUser(rest, ext)
  const made = await rest<{ data: User }>('POST', '/users', {
    first_name: name,
    email: `${name.toLowerCase()}@example.com`,
    ext,
    role: 'admin',
    password: PASSWORD,
  })
  return made.data
}

/** Removes whoever has this extension, if anybody has. */
export async function removeUser(rest: Rest, ext: string): Promise<void> {
  const filter = encodeURIComponent(JSON.stringify([{ property: 'ext', operator: 'eq', value: ext }]))
  const { data } = await rest<{ data: User[] }>('GET', `/users?filter=${filter}`)
  for (const user of data) await rest('DELETE', `/users/${user.id}`)
}

/** Fills in the form of the sign-in and sends it. */
export async function signIn(page: Page, t: T, email: string, password: string): Promise<void> {
  const address = page.getByLabel(t('session.email'))
  if (await address.isEditable()) await address.fill(email)
  await page.getByRole('textbox', { name: t('session.password') }).fill(password)
  await page.getByRole('button', { name: t('session.sign_in') }).click()
}
