import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimCall } from '../../src/sim/charger/dialect.ts';
import { auditMessages, forgetArrived } from '../../src/sim/message-audit.ts';

const event = (seqNo: number): SimCall => ({
  action: 'TransactionEvent',
  payload: { seqNo, transactionInfo: { transactionId: 'T' } },
});

test('what arrived may be forgotten: what is lost is found all the same', () => {
  const acknowledged = [event(0), event(1), event(2)];
  forgetArrived(acknowledged, [event(0), event(2)]);
  assert.deepEqual(auditMessages(acknowledged, []).lost, ['T #1']);
  forgetArrived(acknowledged, [event(1)]);
  assert.deepEqual(acknowledged, []);
});
