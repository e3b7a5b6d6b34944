import { limitVariable, type LimitName, type RoomId } from "@parley/protocol";
import { RestClient } from "@parley/testing";

/** Limits that a load from one address and few users would meet; none of them is what is measured. */
const raised: readonly LimitName[] = [
  "userCommandsPerTenSeconds",
  "roomUserCommandsPerFiveSeconds",
  "addressGuestsPerMinute",
  "connectsPerSecond",
  "sessionFramesPerTenSeconds",
];

export const benchEnvironment: Readonly<Record<string, string>> = {
  ...Object.fromEntries(raised.map((name) => [limitVariable(name), "100000"])),
  [limitVariable("userSessionsMax")]: "200",
};

const socketsPerUser = 20;

/** Guests who are members of one room, with a token for each of `sockets`; a user has several of them. */
export async function crowdedRoom(
  url: string,
  sockets: number,
): Promise<{ readonly room: RoomId; readonly tokens: readonly string[] }> {
  const users = Math.ceil(sockets / socketsPerUser);
  const guests = await Promise.all(
    Array.from({ length: users }, (_, index) => new RestClient(url).guest(`member ${index}`)),
  );
  const [owner, ...others] = guests;
  if (owner === undefined) throw new RangeError("a room needs a member");
  const { room } = await new RestClient(url, owner.token).createRoom({ kind: "public", name: "bench" });
  for (const { token } of others) await new RestClient(url, token).call("POST", `/v1/rooms/${room}/join`);
  const tokens = Array.from({ length: sockets }, (_, index) => guests[index % users]?.token ?? "");
  return { room, tokens };
}

/** `rooms` rooms of which every one of `senders` guests is a member. */
export async function senderRooms(
  url: string,
  size: { readonly rooms: number; readonly senders: number },
): Promise<{ readonly rooms: readonly RoomId[]; readonly tokens: readonly string[] }> {
  const guests = await Promise.all(
    Array.from({ length: size.senders }, (_, index) => new RestClient(url).guest(`sender ${index}`)),
  );
  const owner = new RestClient(url, guests[0]?.token);
  const members = guests.slice(1).map(({ userId }) => userId);
  const rooms: RoomId[] = [];
  for (let index = 0; index < size.rooms; index += 1) {
    rooms.push((await owner.createRoom({ kind: "group", name: `bench ${index}`, members })).room);
  }
  return { rooms, tokens: guests.map(({ token }) => token) };
}
