import { expect, test } from '@jest/globals';
import type { AgendaEvent } from '../../src/agenda/event.ts';
import { ChangeFeed } from '../../src/replica/change-feed.ts';
import type { FeedItem } from '../../src/replica/change-feed.ts';

function eventOf(key: number): AgendaEvent {
  return {
    kind: 'appointment.created',
    key,
    version: 1,
    group_key: null,
    appointment_key: null,
    audience: [1],
  };
}

function feedOf(start_index: number, events_max = 100): ChangeFeed {
  return new ChangeFeed({
    start_index,
    events_max,
    onListenerError(error) {
      throw error;
    },
  });
}

function indexesSince(feed: ChangeFeed, cursor: number): unknown {
  const items = feed.since(cursor);
  return items === 'too_old' ? items : items.map((item) => item.index);
}

function noGap(): void {
  throw new Error('there is no gap');
}

test('since a cursor comes what was published after it', () => {
  const feed = feedOf(10);
  feed.publish(11, [eventOf(1)]);
  feed.publish(13, [eventOf(2), eventOf(3)]);
  feed.publish(20, []);
  expect(feed.cursor).toBe(20);
  expect(feed.since(11)).toEqual([{ index: 13, events: [eventOf(2), eventOf(3)] }]);
  expect(indexesSince(feed, 10)).toEqual([11, 13]);
  expect(indexesSince(feed, 20)).toEqual([]);
  expect(indexesSince(feed, 99)).toEqual([]);
});

test('a cursor from before the start is too old', () => {
  expect(indexesSince(feedOf(10), 9)).toBe('too_old');
});

test('beyond its bound the oldest go, and cursors before them are too old', () => {
  const feed = feedOf(0, 5);
  for (let index = 1; index <= 1_000; index += 1) feed.publish(index, [eventOf(index)]);
  expect(indexesSince(feed, 995)).toEqual([996, 997, 998, 999, 1_000]);
  expect(indexesSince(feed, 994)).toBe('too_old');
});

test('an entry with more events than the bound is kept whole', () => {
  const feed = feedOf(0, 2);
  feed.publish(1, [eventOf(1)]);
  feed.publish(2, [eventOf(2), eventOf(3), eventOf(4)]);
  expect(indexesSince(feed, 1)).toEqual([2]);
  expect(indexesSince(feed, 0)).toBe('too_old');
});

test('large audiences take their share of the room', () => {
  const feed = new ChangeFeed({
    start_index: 0,
    audience_max: 100,
    onListenerError(error) {
      throw error;
    },
  });
  const audience = Array.from({ length: 40 }, (_, at) => at + 1);
  for (let index = 1; index <= 10; index += 1) {
    feed.publish(index, [{ ...eventOf(index), audience }]);
  }
  expect(indexesSince(feed, 8)).toEqual([9, 10]);
  expect(indexesSince(feed, 7)).toBe('too_old');
  // Everybody is no list of names.
  feed.publish(11, [{ ...eventOf(11), audience: null }]);
  expect(indexesSince(feed, 8)).toEqual([9, 10, 11]);
});

test('listeners are told until they leave', () => {
  const feed = feedOf(0);
  const heard: FeedItem[] = [];
  const unsubscribe = feed.subscribe((item) => void heard.push(item), noGap);
  feed.publish(1, [eventOf(1)]);
  feed.publish(2, []);
  unsubscribe();
  feed.publish(3, [eventOf(3)]);
  expect(heard.map((item) => item.index)).toEqual([1]);
});

test('what a listener throws reaches neither the publisher nor the others', () => {
  const errors: unknown[] = [];
  const feed = new ChangeFeed({
    start_index: 0,
    onListenerError: (error) => void errors.push(error),
  });
  const heard: number[] = [];
  feed.subscribe(() => {
    throw new Error('a bad listener');
  }, noGap);
  feed.subscribe((item) => void heard.push(item.index), noGap);
  feed.publish(1, [eventOf(1)]);
  expect(heard).toEqual([1]);
  expect(errors).toEqual([new Error('a bad listener')]);
});
