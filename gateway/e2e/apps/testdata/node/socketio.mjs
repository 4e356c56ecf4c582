// A chat over Socket.IO: what one says is answered, and heard by all.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer((_, response) => response.end("a chat\n"));
const io = new Server(http, { pingInterval: 600000, cors: { origin: "http://app.example", credentials: true }, cookie: true });
io.on("connection", (socket) => {
  socket.on("who", () => socket.emit("you", { transport: socket.conn.transport.name, cookies: socket.handshake.headers.cookie?.length ?? null }));
  socket.on("say", (text, answer) => {
    io.emit("said", { text, length: text.length });
    answer?.("heard");
  });
});
const [host, port] = process.argv[2].split(":");
http.listen(Number(port), host);
