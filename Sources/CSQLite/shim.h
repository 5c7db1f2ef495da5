// The C library comes as Swift's own module of it; read as text here, its types would count as ours.
#pragma clang module import SwiftGlibc
#include <sqlite3.h>
