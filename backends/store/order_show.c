/* order_show.c: what an order has to show once: a new key, an address to log in at. It passes by
 * the activity log. */
#include "backends/store/action.h"

bool order_show(struct order *order, const char *what, const char *text)
{
	if (order->state != ORDER_RUNNING || !order->show)
		return false;
	order->show(order, what, text, order->done_arg);
	return true;
}
