// Sends uploads with fetch, and prints the status of each response. Arguments: URL, framing (length or chunked), bytes, count.
const [url, framing, size, count] = process.argv.slice(2)
const piece = new Uint8Array(65536)

function stream() {
  let left = Number(size)
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(piece)
      left -= piece.length
      if (left <= 0) controller.close()
    },
  })
}

for (let i = 0; i < Number(count); i++) {
  const body = framing === 'chunked' ? stream() : new Uint8Array(Number(size))
  const response = await fetch(url, { method: 'POST', body, duplex: 'half' })
  console.log(response.status)
}
