import { Netlink } from './netlink.ts';
import { AF_INET, attribute, nested, u8, u32 } from './netlink-message.ts';

const NETLINK_NETFILTER = 12;
/** NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE. */
const DELETE = (1 << 8) | 2;
const NESTED = 0x8000;
const CTA = { tupleOrig: 1, filter: 25 };
const CTA_TUPLE = { ip: 1, proto: 2 };
const CTA_IP_V4_DST = 2;
const CTA_PROTO = { number: 1, destinationPort: 3 };
const CTA_FILTER = { origFlags: 1, replyFlags: 2 };
const MATCH_PROTO_NUMBER = 1 << 3;
const MATCH_DESTINATION_PORT = 1 << 5;
const UDP = 17;

/**
 * Forgets the tracked IPv4 UDP flows to `port`, whatever address they went to: a client that keeps sending from one port
 * would otherwise keep being forwarded to where the port led before. Linux 5.8 or later.
 */
export function forgetUdpFlows(port: number): void {
  const bigEndian = Buffer.alloc(2);
  bigEndian.writeUInt16BE(port);
  const tuple = nested(
    attribute(CTA_TUPLE.ip | NESTED, attribute(CTA_IP_V4_DST, Buffer.alloc(4))),
    attribute(
      CTA_TUPLE.proto | NESTED,
      nested(attribute(CTA_PROTO.number, u8(UDP)), attribute(CTA_PROTO.destinationPort, bigEndian)),
    ),
  );
  const filter = nested(
    attribute(CTA_FILTER.origFlags, u32(MATCH_PROTO_NUMBER | MATCH_DESTINATION_PORT)),
    attribute(CTA_FILTER.replyFlags, u32(0)),
  );
  using netlink = new Netlink(NETLINK_NETFILTER);
  netlink.apply({
    what: `delete flows to udp port ${port}`,
    type: DELETE,
    flags: 0,
    body: Buffer.concat([
      Buffer.from([AF_INET, 0, 0, 0]),
      attribute(CTA.tupleOrig | NESTED, tuple),
      attribute(CTA.filter | NESTED, filter),
    ]),
  });
}
