/* Places panes by the size of the screen:
 *
 *     one pane  the focused panel; the needs, untitled, above the fleet
 *     two       the needs, untitled; the fleet (inside a server: its containers)
 *               above the focused panel
 *     four      the needs, the fleet, then containers and one more side by side
 *     all       the same, with the other panels in a row at the bottom
 *
 * These are the style "panes". The others, from the size of two panes on:
 *
 *     big       the needs, untitled, above the focused panel
 *     columns   needs and fleet on the left; the focused and another panel on the right
 *     beside    the needs, untitled; the fleet above the focused panel, and on the right the
 *               details of the row under the cursor
 *
 * The user moves the border below the fleet and the one between left and right. A panel that he
 * hid is chosen for no pane but by the focus.
 *
 * Around them: the header, a few lines for what the row under the cursor says, a bar of all panels,
 * the line of keys. Heights depend on the size of the screen, on the number of rows and on the
 * longest says text. They never depend on the cursor. Every size gets a layout. As space shrinks,
 * first the bars go, then the header, then the titles. */
#include "tui/layout.h"

#include <stdint.h>
#include <string.h>

#define TWO_HEIGHT 16
#define TWO_WIDTH 60
#define FOUR_HEIGHT 30
#define FOUR_WIDTH 100
#define ALL_HEIGHT 46
#define ALL_WIDTH 160
#define HEADER_FROM 3 /* screen lines from which a header is shown */
#define HINT_FROM 7
#define BAR_FROM 9
#define SAYS_FROM 12
#define STRIP_FROM 7      /* body lines from which one pane has the needs above it */
#define LOWER_PANES (LAYOUT_PANES - 4) /* the needs, the fleet and two more are above */
#define HEADS 2           /* lines of a titled table that are not rows */
#define NEEDS_FEW 3       /* most rows of needs without a title */
#define NEEDS_MAX 6       /* most rows of needs in a pane, or a third of the body if that is more */
#define NEEDS_MAX_TALL 12 /* the same on a tall screen */
#define BOTTOM_ROWS 9
#define SIDE_LEAST 24 /* least cells of a pane beside another one */
#define BOTTOM_WIDTH 20 /* least cells of a bottom pane */
#define BOTTOM_PANES 3 /* up to that many bottom panes stay even when they are empty */

enum layout_class layout_class(int height, int width)
{
	if (height < TWO_HEIGHT || width < TWO_WIDTH)
		return LAYOUT_ONE;
	if (height < FOUR_HEIGHT || width < FOUR_WIDTH)
		return LAYOUT_TWO;
	return height < ALL_HEIGHT || width < ALL_WIDTH ? LAYOUT_FOUR : LAYOUT_ALL;
}

static int layout_clamp(int n, int least, int most)
{
	n = n > most ? most : n;
	return n < least ? least : n;
}

const char *const layout_names[LAYOUT_STYLES] = { "panes", "big", "columns", "beside" };

static bool layout_hides(const struct layout_want *w, size_t panel)
{
	return w->hidden && panel < w->n && w->hidden[panel] && panel != w->focus;
}

/* The lines that a panel's rows need, at least one row. */
static int layout_lines_for(const struct layout_want *w, size_t panel, int heads)
{
	size_t rows = panel < w->n ? w->rows[panel] : 0;
	return heads + layout_clamp(rows > 1000 ? 1000 : (int)rows, 1, 1000);
}

static void layout_add(struct layout *l, size_t panel, int y, int x, int height, int width,
                       bool title)
{
	if (height <= 0 || width <= 0 || l->n == LAYOUT_PANES)
		return;
	l->panes[l->n++] = (struct layout_pane){ panel,
		                                 { y, x, height, width },
		                                 title && height > 1 };
}

/* Most lines of says: a title line, and the rest of a sentence or a few lines of a log. */
static int layout_says_lines(int height)
{
	static const struct {
		int from, lines;
	} by_height[] = { { ALL_HEIGHT, 5 }, { FOUR_HEIGHT, 4 }, { SAYS_FROM, 2 } };
	for (size_t i = 0; i < sizeof(by_height) / sizeof(*by_height); i++)
		if (height >= by_height[i].from)
			return by_height[i].lines;
	return 0;
}

/* Takes lines from the bottom of the body. */
static struct canvas layout_cut_bottom(struct canvas *body, int lines)
{
	body->height -= lines;
	return (struct canvas){ body->y + body->height, 0, lines, body->width };
}

/* Lines of the untitled needs above the other panes. 0 when the needs are focused, because then
 * they have a pane. */
static int layout_needs_strip(const struct layout_want *w, int most)
{
	if (w->focus == PANE_NEEDS || PANE_NEEDS >= w->n || !w->rows[PANE_NEEDS])
		return 0;
	return layout_clamp((int)(w->rows[PANE_NEEDS] < 1000 ? w->rows[PANE_NEEDS] : 1000), 1,
	                    most);
}

static void layout_one_pane(const struct layout_want *w, struct layout *l)
{
	const struct canvas *b = &l->body;
	int strip = 0;
	bool titled = w->zoom && layout_class(w->height, w->width) != LAYOUT_ONE;
	if (w->focus == PANE_FLEET && !w->zoom && b->height >= STRIP_FROM) {
		/* lines that the fleet leaves empty */
		int spare = b->height - layout_lines_for(w, PANE_FLEET, 0);
		strip = layout_needs_strip(w, layout_clamp(spare, b->height / 3, b->height / 2));
	}
	layout_add(l, w->focus, b->y + strip, 0, b->height - strip, b->width, titled);
	if (strip)
		layout_add(l, PANE_NEEDS, b->y, 0, strip, b->width, false);
}

/* The first panel that is neither hidden nor this one nor one of the upper half. */
static size_t layout_first_shown(const struct layout_want *w, size_t but)
{
	for (size_t i = PANE_CONTAINERS; i < w->n; i++)
		if (i != but && i != PANE_NEEDS && !layout_hides(w, i))
			return i;
	return but == PANE_CONTAINERS ? PANE_SERVICES : PANE_CONTAINERS;
}

/* Places two panes one above the other, with a border between that can be moved. */
static void layout_stack(const struct layout_want *w, struct layout *l, size_t top, size_t low,
                         const struct canvas *b, int height)
{
	int base = height;
	height = layout_clamp(height + w->upper, HEADS + 1, b->height - HEADS - 1);
	l->upper = height - base;
	layout_add(l, top, b->y, b->x, height, b->width, true);
	layout_add(l, low, b->y + height, b->x, b->height - height, b->width, true);
	l->border_y = b->y + height;
}

static void layout_two_panes(const struct layout_want *w, struct layout *l)
{
	struct canvas b = l->body;
	size_t top = w->in_server && w->focus != PANE_FLEET ? PANE_CONTAINERS : PANE_FLEET;
	size_t low = w->focus != top ? w->focus : w->other;
	int strip = layout_needs_strip(w, NEEDS_FEW);
	if (low == top || low >= w->n || (strip && low == PANE_NEEDS) || layout_hides(w, low))
		low = top == PANE_CONTAINERS ? PANE_SERVICES : layout_first_shown(w, top);
	if (strip)
		layout_add(l, PANE_NEEDS, b.y, 0, strip, b.width, false);
	b.y += strip;
	b.height -= strip;
	int most = top == PANE_FLEET ? b.height * 2 / 5 : b.height * 3 / 5;
	/* lines that the lower pane leaves empty */
	int spare = b.height - layout_lines_for(w, low, HEADS);
	most = spare > most ? spare : most;
	int height = layout_clamp(layout_lines_for(w, top, HEADS), HEADS + 1, most);
	layout_stack(w, l, top, low, &b, height);
}

/* Places two panes side by side. The left one gets the odd cell. No gap is needed, because a table
 * leaves its first cell blank. */
static int layout_left_width(const struct layout_want *w, struct layout *l)
{
	int all = l->body.width, half = all - all / 2;
	l->border_x = layout_clamp(half + w->left, SIDE_LEAST, all - SIDE_LEAST);
	l->left = l->border_x - half;
	return l->border_x;
}

static void layout_side_by_side(const struct layout_want *w, struct layout *l, size_t left,
                                size_t right, int y, int height)
{
	int first = layout_left_width(w, l);
	layout_add(l, left, y, 0, height, first, true);
	layout_add(l, right, y, first, height, l->body.width - first, true);
}

/* Places the needs and the fleet at full width. Returns the line below them. */
static int layout_upper_half(const struct layout_want *w, struct layout *l)
{
	const struct canvas *b = &l->body;
	int few = w->height < ALL_HEIGHT ? NEEDS_MAX : NEEDS_MAX_TALL,
	    third = b->height / 3 - HEADS;
	int needs = layout_clamp(layout_lines_for(w, PANE_NEEDS, HEADS), HEADS,
	                         HEADS + (few > third ? few : third));
	int fleet = layout_clamp(layout_lines_for(w, PANE_FLEET, HEADS), HEADS + 1, b->height / 3);
	if (PANE_NEEDS >= w->n)
		needs = 0;
	else if (!w->rows[PANE_NEEDS])
		needs = 2;
	int base = fleet;
	fleet = layout_clamp(fleet + w->upper, HEADS + 1, b->height - needs - 2 * (HEADS + 1));
	layout_add(l, PANE_NEEDS, b->y, 0, needs, b->width, true);
	layout_add(l, PANE_FLEET, b->y + needs, 0, fleet, b->width, true);
	l->upper = fleet - base;
	l->border_y = b->y + needs + fleet;
	return l->border_y;
}

static bool layout_is_upper(size_t panel)
{
	return panel == PANE_NEEDS || panel == PANE_FLEET;
}

/* The panel to show beside this one: the focused one, the one before it, or the first. */
static size_t layout_beside(const struct layout_want *w, size_t left)
{
	if (!layout_is_upper(w->focus) && w->focus != left)
		return w->focus;
	if (!layout_is_upper(w->other) && w->other != left && w->other < w->n &&
	    !layout_hides(w, w->other))
		return w->other;
	return PANE_SERVICES != left && !layout_hides(w, PANE_SERVICES)
	               ? (size_t)PANE_SERVICES
	               : layout_first_shown(w, left);
}

static void layout_four_panes(const struct layout_want *w, struct layout *l)
{
	int y = layout_upper_half(w, l);
	size_t left = layout_hides(w, PANE_CONTAINERS) ? layout_first_shown(w, SIZE_MAX)
	                                               : PANE_CONTAINERS;
	size_t right = layout_beside(w, left);
	layout_side_by_side(w, l, left, right, y, l->body.y + l->body.height - y);
}

/* The panel beside the containers. Without any services, the fullest of the other panels replaces
 * them. */
static size_t layout_beside_containers(const struct layout_want *w)
{
	size_t best = PANE_SERVICES;
	if (layout_hides(w, best))
		best = layout_first_shown(w, PANE_CONTAINERS);
	if (w->rows[best] || w->focus == best)
		return best;
	for (size_t i = PANE_ACTIVITY + 1; i < w->n; i++)
		if (w->rows[i] > w->rows[best] && !layout_hides(w, i))
			best = i;
	return best;
}

static void layout_all_panes(const struct layout_want *w, struct layout *l)
{
	size_t lower[LOWER_PANES];
	int y = layout_upper_half(w, l), end = l->body.y + l->body.height;
	size_t beside = layout_beside_containers(w);
	size_t left = layout_hides(w, PANE_CONTAINERS) ? layout_first_shown(w, beside)
	                                               : PANE_CONTAINERS;
	/* The panels of the bottom row. If there are many, the empty ones are left out. Of those
	 * that do not fit, the first stay, and the focused one. */
	int n = 0, most = layout_clamp(w->width / BOTTOM_WIDTH, 1, LOWER_PANES);
	for (size_t i = PANE_SERVICES; i < w->n; i++) {
		if (layout_is_upper(i) || i == left || i == beside || layout_hides(w, i))
			continue;
		bool shown = w->n - PANE_ACTIVITY <= BOTTOM_PANES || i == PANE_ACTIVITY ||
		             w->rows[i];
		if (n < most && (shown || i == w->focus))
			lower[n++] = i;
		else if (i == w->focus)
			lower[n - 1] = i;
	}
	int extra = n;
	int low = extra ? layout_clamp(BOTTOM_ROWS, 2, (end - y) / 3) : 0;
	layout_side_by_side(w, l, left, beside, y, end - y - low);
	for (int i = 0; i < extra; i++) {
		int x = l->body.width * i / extra, next = l->body.width * (i + 1) / extra;
		layout_add(l, lower[i], end - low, x, low, next - x - (i + 1 < extra), true);
	}
}

/* --- other styles -------------------------------------------------------- */

/* The untitled needs above the rest of the body. Returns the rest. */
static struct canvas layout_below_needs(const struct layout_want *w, struct layout *l)
{
	struct canvas b = l->body;
	int strip = layout_needs_strip(w, NEEDS_FEW);
	layout_add(l, PANE_NEEDS, b.y, 0, strip, b.width, false);
	b.y += strip;
	b.height -= strip;
	return b;
}

static void layout_big(const struct layout_want *w, struct layout *l)
{
	struct canvas b = layout_below_needs(w, l);
	layout_add(l, w->focus, b.y, 0, b.height, b.width, true);
}

#define COLUMN_PANES_FROM 24 /* lines of a column from which it holds two panes */

static void layout_columns(const struct layout_want *w, struct layout *l)
{
	struct canvas left = l->body, right = l->body;
	left.width = layout_left_width(w, l);
	right.x = left.width;
	right.width -= left.width;
	int needs = layout_clamp(layout_lines_for(w, PANE_NEEDS, HEADS), HEADS + 1,
	                         left.height / 2);
	layout_stack(w, l, PANE_NEEDS, PANE_FLEET, &left, needs);
	size_t first = layout_first_shown(w, SIZE_MAX), other = layout_beside(w, first);
	if (right.height < COLUMN_PANES_FROM || other == first) {
		size_t one = layout_is_upper(w->focus) ? first : w->focus;
		layout_add(l, one, right.y, right.x, right.height, right.width, true);
		return;
	}
	int half = right.height / 2;
	layout_add(l, first, right.y, right.x, half, right.width, true);
	layout_add(l, other, right.y + half, right.x, right.height - half, right.width, true);
}

static void layout_with_details(const struct layout_want *w, struct layout *l)
{
	struct canvas b = layout_below_needs(w, l);
	int all = b.width;
	b.width = layout_left_width(w, l);
	l->beside = (struct canvas){ b.y, b.width, b.height, all - b.width };
	if (w->focus == PANE_FLEET) {
		layout_add(l, PANE_FLEET, b.y, 0, b.height, b.width, true);
		return;
	}
	int fleet = layout_clamp(layout_lines_for(w, PANE_FLEET, HEADS), HEADS + 1, b.height / 3);
	layout_stack(w, l, PANE_FLEET, w->focus, &b, fleet);
}

/* --- all ----------------------------------------------------------------- */

void layout(const struct layout_want *w, struct layout *l)
{
	static void (*const styled[LAYOUT_STYLES])(const struct layout_want *, struct layout *) = {
		[LAYOUT_AS_BIG] = layout_big,
		[LAYOUT_AS_COLUMNS] = layout_columns,
		[LAYOUT_AS_BESIDE] = layout_with_details,
	};
	static void (*const fill[])(const struct layout_want *, struct layout *) = {
		[LAYOUT_ONE] = layout_one_pane,
		[LAYOUT_TWO] = layout_two_panes,
		[LAYOUT_FOUR] = layout_four_panes,
		[LAYOUT_ALL] = layout_all_panes,
	};
	enum layout_class class = w->zoom ? LAYOUT_ONE : layout_class(w->height, w->width);
	memset(l, 0, sizeof(*l));
	l->border_y = l->border_x = -1;
	/* Takes lines for header, hints, bar and says from the body. */
	struct canvas *b = &l->body;
	*b = (struct canvas){ 0, 0, w->height, w->width };
	if (w->height >= HEADER_FROM) {
		l->header = (struct canvas){ 0, 0, 1, w->width };
		b->y++;
		b->height--;
	}
	if (w->hints && w->height >= HINT_FROM)
		l->hint = layout_cut_bottom(b, 1);
	l->view = *b;
	if (w->height >= BAR_FROM)
		l->bar = layout_cut_bottom(b, 1);
	if (w->height >= SAYS_FROM)
		l->says = layout_cut_bottom(b, w->says ? layout_clamp(w->says, SAYS_LEAST,
		                                                      layout_says_lines(w->height))
		                                       : layout_says_lines(w->height));
	if (class != LAYOUT_ONE && styled[w->style])
		styled[w->style](w, l);
	else
		fill[class](w, l);
}

bool layout_shows(const struct layout *l, size_t panel)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->panes[i].panel == panel)
			return true;
	return false;
}
