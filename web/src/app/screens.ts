/** The screens, their addresses and who may see them. Each is loaded when it is first opened. */

import { type ComponentType, lazy, type LazyExoticComponent } from 'react'

import type { Key } from '../i18n'

export interface Screen {
  path: string
  /** Its entry in the navigation; those without are reached from others. */
  nav?: { group: Key; label: Key }
  admin: boolean
  page: LazyExoticComponent<ComponentType>
}

export const SCREENS: Screen[] = [
  {
    path: '/calls',
    nav: { group: 'common.group_calls', label: 'common.nav_calls' },
    admin: false,
    page: lazy(() => import('../features/calls/LiveCalls')),
  },
  {
    path: '/history',
    nav: { group: 'common.group_calls', label: 'common.nav_history' },
    admin: false,
    page: lazy(() => import('../features/history/History')),
  },
  {
    path: '/recordings',
    nav: { group: 'common.group_calls', label: 'common.nav_recordings' },
    admin: false,
    page: lazy(() => import('../features/recordings/Recordings')),
  },
  {
    path: '/voicemail',
    nav: { group: 'common.group_calls', label: 'common.nav_voicemail' },
    admin: false,
    page: lazy(() => import('../features/voicemail/Voicemail')),
  },
  { path: '/calls/:id', admin: false, page: lazy(() => import('../features/callpage/CallPage')) },
  {
    path: '/webhooks',
    nav: { group: 'common.group_integrations', label: 'common.nav_webhooks' },
    admin: true,
    page: lazy(() => import('../features/webhooks/Webhooks')),
  },
  { path: '/webhooks/new', admin: true, page: lazy(() => import('../features/webhooks/WebhookEditor')) },
  { path: '/webhooks/:id', admin: true, page: lazy(() => import('../features/webhooks/WebhookEditor')) },
  {
    path: '/deliveries',
    nav: { group: 'common.group_integrations', label: 'common.nav_deliveries' },
    admin: true,
    page: lazy(() => import('../features/deliveries/Deliveries')),
  },
  { path: '/deliveries/:id', admin: true, page: lazy(() => import('../features/deliveries/DeliveryPage')) },
  {
    path: '/users',
    nav: { group: 'common.group_administration', label: 'common.nav_people' },
    admin: true,
    page: lazy(() => import('../features/people/People')),
  },
  {
    path: '/sounds',
    nav: { group: 'common.group_administration', label: 'common.nav_sounds' },
    admin: true,
    page: lazy(() => import('../features/sounds/Sounds')),
  },
  {
    path: '/welcome',
    nav: { group: 'common.group_administration', label: 'common.nav_welcome' },
    admin: true,
    page: lazy(() => import('../features/welcome/Welcome')),
  },
]
