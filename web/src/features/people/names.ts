import type { Phone, User } from '../../api/types'

export function fullName(user: Pick<User, 'first_name' | 'last_name'>): string {
  return `${user.first_name} ${user.last_name}`.trim()
}

/** What is typed to confirm a deletion: the name, or where nobody could type that, something shorter. */
export function confirmName(name: string, instead: string): string {
  return /^[\p{L}\p{N}][\p{L}\p{N} .'-]{0,38}[\p{L}\p{N}.]$/u.test(name) ? name : instead
}

/** Users with this text in their name, extension or e-mail. */
export function matchingUsers(users: User[], text: string): User[] {
  const wanted = text.trim().toLocaleLowerCase()
  if (wanted === '') return users
  return users.filter((user) =>
    [fullName(user), user.ext, user.email].some((part) => part.toLocaleLowerCase().includes(wanted)),
  )
}

/** The phones of each user. */
export function byUser(phones: Phone[]): Map<number, Phone[]> {
  const all = new Map<number, Phone[]>()
  for (const phone of phones) {
    const own = all.get(phone.user_id)
    if (own === undefined) all.set(phone.user_id, [phone])
    else own.push(phone)
  }
  return all
}
