import { must } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import { parseKeyCursor } from '../key-cursor.ts';
import { pageOf } from '../page.ts';
import { page_schema } from '../page-schema.ts';
import type { PageQuery } from '../page-schema.ts';
import { presentGroup, presentMember } from '../present/group.ts';
import {
  group_list_schema,
  group_out_schema,
  group_with_members_schema,
  member_out_schema,
} from '../present/group-schema.ts';
import { etagOf } from '../propose.ts';
import { callerOf, defineRoute, parameterOf } from '../route.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import {
  creator_schema,
  group_change_schema,
  group_schema,
  new_member_schema,
  rank_change_schema,
} from './schema.ts';
import { seenGroup } from './see.ts';
import { createGroup, deleteGroup, handOverGroup, replaceGroup } from './write-group.ts';
import { addMember, changeRank, removeMember } from './write-member.ts';

const COLLECTION = '/api/groups';
const ONE = '/api/groups/:id';
const MEMBERS = `${ONE}/members`;
const MEMBER = `${MEMBERS}/:user_id`;

const CREATED_BOUND = `One can be in ${limits.created_memberships_max} that one founded.`;
const ADDED_BOUND = `Others can add a person to ${limits.added_memberships_max}.`;

const read = { kind: 'read', access: 'user' } as const;
const write = { kind: 'write', access: 'user' } as const;

export function groupRoutes(services: ApiServices): readonly Route[] {
  return [...groupReads(services), ...groupWrites(services), ...memberWrites(services)];
}

function groupReads(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      ...read,
      method: 'GET',
      path: COLLECTION,
      query: page_schema,
      description: {
        summary: 'The groups that one is in, the oldest first.',
        success: { status: 200, body: group_list_schema },
      },
      handle: (context) => listGroups(services, context),
    }),
    defineRoute({
      ...read,
      method: 'GET',
      path: ONE,
      description: {
        summary: 'A group that one is in, and who else is.',
        success: { status: 200, body: group_with_members_schema, headers: ['ETag'] },
      },
      handle: (context) => readGroup(services, context),
    }),
  ];
}

function groupWrites(services: ApiServices): readonly Route[] {
  const changed = { status: 200, body: group_out_schema, headers: ['ETag'] } as const;
  return [
    defineRoute({
      ...write,
      method: 'POST',
      path: COLLECTION,
      body: group_schema,
      description: {
        summary: `Found a group; one is its first member. ${CREATED_BOUND}`,
        success: { status: 201, body: group_out_schema, headers: ['ETag', 'Location'] },
      },
      handle: (context) => createGroup(services, context),
    }),
    defineRoute({
      ...write,
      method: 'PUT',
      path: ONE,
      body: group_change_schema,
      description: {
        summary: 'Rename a group or describe it otherwise; what is left out takes its default.',
        success: changed,
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => replaceGroup(services, context),
    }),
    defineRoute({
      ...write,
      method: 'DELETE',
      path: ONE,
      description: {
        summary: 'Delete a group; its appointments that are to come are cancelled.',
        success: { status: 204 },
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => deleteGroup(services, context),
    }),
    defineRoute({
      ...write,
      method: 'PUT',
      path: `${ONE}/creator`,
      body: creator_schema,
      description: {
        summary: 'Hand a group over to another member.',
        success: changed,
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => handOverGroup(services, context),
    }),
  ];
}

function memberWrites(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      ...write,
      method: 'POST',
      path: MEMBERS,
      body: new_member_schema,
      description: {
        summary: `Add somebody to a group; with a rank when it is hierarchical. ${ADDED_BOUND}`,
        success: { status: 201, body: member_out_schema, headers: ['ETag', 'Location'] },
        refusals: ['forbidden', 'already_member'],
      },
      handle: (context) => addMember(services, context),
    }),
    defineRoute({
      ...write,
      method: 'PUT',
      path: MEMBER,
      body: rank_change_schema,
      description: {
        summary: 'Give a member below oneself another rank.',
        success: { status: 200, body: member_out_schema, headers: ['ETag'] },
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => changeRank(services, context),
    }),
    defineRoute({
      ...write,
      method: 'DELETE',
      path: MEMBER,
      description: {
        summary: 'Remove a member, or leave.',
        success: { status: 204 },
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => removeMember(services, context),
    }),
  ];
}

function listGroups(
  { replica: { view } }: ApiServices,
  context: RouteContext<unknown, PageQuery>,
): Answer {
  const { limit, cursor } = context.query;
  const after = parseKeyCursor(cursor, 0);
  const found = view.groups.membershipsOf(callerOf(context).user.key, after, limit + 1);
  const body = pageOf(found, {
    limit,
    keyOf: (member) => member.group_key,
    present(member) {
      const group = must(view.groups.groupByKey(member.group_key), 'a member of no group');
      return presentGroup(view, group, member.rank);
    },
    charactersOf: ({ description }) => description.length,
  });
  return { status: 200, body };
}

function readGroup({ replica: { view } }: ApiServices, context: RouteContext): Answer {
  const { group, member } = seenGroup(view, callerOf(context).user, parameterOf(context, 'id'));
  const members = view.groups.membersOf(group.key);
  return {
    status: 200,
    headers: { ETag: etagOf(group.version) },
    body: {
      group: presentGroup(view, group, member.rank),
      members: members.map((one) => presentMember(view, one)),
    },
  };
}
