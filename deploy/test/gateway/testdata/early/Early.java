import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Sends uploads with HttpClient, and prints the status of each response. Arguments: URL, framing (length or chunked), bytes, count. */
class Early {
    public static void main(String[] args) throws Exception {
        int size = Integer.parseInt(args[2]);
        HttpClient client = HttpClient.newHttpClient();
        for (int i = Integer.parseInt(args[3]); i > 0; i--) {
            HttpRequest.BodyPublisher body = args[1].equals("chunked")
                ? HttpRequest.BodyPublishers.ofInputStream(() -> new Zeros(size))
                : HttpRequest.BodyPublishers.ofByteArray(new byte[size]);
            HttpRequest request = HttpRequest.newBuilder(URI.create(args[0])).POST(body).build();
            System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
        }
    }

    /** So many bytes, whose number HttpClient does not know. */
    static class Zeros extends InputStream {
        private int left;

        Zeros(int size) {
            left = size;
        }

        @Override
        public int read() {
            return left-- > 0 ? 0 : -1;
        }

        @Override
        public int read(byte[] b, int from, int length) {
            if (left <= 0) {
                return -1;
            }
            int n = Math.min(left, length);
            left -= n;
            return n;
        }
    }
}
