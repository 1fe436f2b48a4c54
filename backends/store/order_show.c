/* order_show.c: show a result of an order once, such as a new key or a login address. The text
 * never reaches the activity log. */
#include "backends/store/action.h"

bool order_show(struct order *order, const char *what, const char *text)
{
	if (order->state != ORDER_RUNNING || !order->show)
		return false;
	order->show(order, what, text, order->done_arg);
	return true;
}
