/* The least a CGI program can be: no runtime, no library beyond write. */
#include <unistd.h>

int main(void) {
	static const char answer[] = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhello\n";
	return write(1, answer, sizeof answer - 1) != sizeof answer - 1;
}
