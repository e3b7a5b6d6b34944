import type { MarkView, Notice, RoomId, UserId } from "@parley/protocol";
import type { Notifier } from "../../actors/seams.ts";
import { roomChannel, userChannel } from "./channels.ts";
import type { IoServer } from "./io-server.ts";

/** Users named in one broadcast; more are told in several. */
const channelsMax = 100;

/** News by Socket.IO's rooms, on every node that the adapter reaches. */
export class SocketNotifier implements Notifier {
  readonly #io: Pick<IoServer, "to">;

  constructor(io: Pick<IoServer, "to">) {
    this.#io = io;
  }

  notify(users: readonly UserId[], notice: Notice): void {
    for (const channels of this.#channels(users)) this.#io.to(channels).emit("notice", notice);
  }

  marks(users: readonly UserId[], marks: readonly MarkView[]): void {
    for (const channels of this.#channels(users)) this.#io.to(channels).emit("marks", { marks });
  }

  roomMarks(room: RoomId, mark: MarkView): void {
    const others = this.#io.to(roomChannel(room)).except(userChannel(mark.user));
    others.emit("marks", { marks: [mark] });
  }

  *#channels(users: readonly UserId[]): Iterable<string[]> {
    for (let start = 0; start < users.length; start += channelsMax) {
      yield users.slice(start, start + channelsMax).map(userChannel);
    }
  }
}
