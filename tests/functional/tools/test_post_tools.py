"""The tools for others' posts: whom they show, what they find, comments that are confirmed, likes that count once."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from pam.platform.errors import PamError
from pam.tools.catalog.community import create_post
from pam.tools.catalog.posts import comment_on_post, get_feed, like_post, search_posts
from pam.tools.engine.definition import EffectKind
from pam.tools.engine.results import result_json
from tests.functional.tools.community import Community, post
from tests.functional.tools.conftest import Caller, ManualClock, error_of
from tests.words import new_word


def read(reader: Caller, filter_: str = "following", more: str = "") -> list[str]:
    """Return the contents of a feed."""
    result = reader.call(get_feed, f'{{"filter": "{filter_}"{more}}}')
    return [item["content"] for item in result.data["posts"]]


def find(reader: Caller, query: str, more: str = "") -> list[str]:
    """Return the contents of the posts that a search finds."""
    result = reader.call(search_posts, f'{{"query": "{query}"{more}}}')
    return [item["content"] for item in result.data["posts"]]


def follow(community: Community, follower: Caller, followed: Caller) -> None:
    community.owner.execute("insert into follows (follower, followed) values (%s, %s)", (follower.id, followed.id))


def test_readers_return_texts_of_others_and_writers_have_their_effect() -> None:
    assert get_feed.returns_others_text and search_posts.returns_others_text
    assert (comment_on_post.effect, like_post.effect) == (EffectKind.OUTWARD, EffectKind.OWN)


def test_feed_and_search_without_posts_are_empty(caller: Caller) -> None:
    """Of a user whom nobody knows, with the source and the time."""
    result = caller.in_zone("Europe/Berlin").call(get_feed, '{"filter": "friends"}')
    assert result.text == "PAM finds no posts of your friends that you can see."
    assert (result.data, result.source) == ({"posts": [], "there_are_more": False}, "Posts in PAM")
    assert datetime.fromisoformat(result.as_of).utcoffset() == timedelta(hours=1)
    assert caller.call(search_posts, f'{{"query": "{new_word()}"}}').data["posts"] == []
    assert read(caller, "following") == []


def test_feed_is_filtered_and_paged_newest_first(community: Community) -> None:
    """Of friends, of those who are followed, and of all; older ones by the id of the last."""
    clock = ManualClock(datetime(2090, 1, 1, tzinfo=UTC))
    reader, friend, star = (community.join(name, clock) for name in ("Reader", "Friend", "Star"))
    community.befriend(reader, friend)
    follow(community, reader, star)
    ids = {}
    for number, author in enumerate([friend, star, friend, star, reader]):
        clock.now += timedelta(hours=1)
        ids[f"Post {number}"] = post(author, f"Post {number}")
    assert read(reader, "friends") == ["Post 2", "Post 0"]
    assert read(reader, "following") == ["Post 3", "Post 1"]
    assert read(reader, "all", ', "limit": 5') == ["Post 4", "Post 3", "Post 2", "Post 1", "Post 0"]
    first = reader.call(get_feed, '{"limit": 2}')
    assert [item["content"] for item in first.data["posts"]] == ["Post 4", "Post 3"]
    assert first.data["there_are_more"] is True
    before = first.data["posts"][-1]["id"]
    assert before == ids["Post 3"]
    assert read(reader, "all", f', "limit": 2, "before": "{before}"') == ["Post 2", "Post 1"]
    assert read(reader, "friends", f', "before": "{ids["Post 2"]}"') == ["Post 0"]
    last = reader.call(get_feed, f'{{"filter": "following", "before": "{ids["Post 3"]}"}}')
    assert last.data["there_are_more"] is False


def test_post_in_the_feed_has_its_author_likes_and_comments(community: Community) -> None:
    """In the reader's time zone; the latest comments first."""
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    author, reader = community.join("Ann", clock), community.join("Bob", clock)
    follow(community, reader, author)
    post_id = post(author, "Free water.", ', "title": "Water", "place": "Moab", "tags": ["water"]')
    for number in range(3):
        clock.now += timedelta(minutes=1)
        reader.call(comment_on_post, f'{{"post": "{post_id}", "comment": "Thanks {number}"}}')
    reader.call(like_post, f'{{"post": "{post_id}"}}')
    result = reader.in_zone("America/New_York").call(get_feed, '{"filter": "following"}')
    [item] = result.data["posts"]
    comments = item.pop("latest_comments")
    assert item == {
        "id": post_id,
        "author": community.name("Ann"),
        "is_own": False,
        "title": "Water",
        "content": "Free water.",
        "place": "Moab",
        "tags": ["water"],
        "at": "2026-11-22T14:00:00-05:00",
        "likes": 1,
        "liked_by_user": True,
        "comment_count": 3,
    }
    assert [(each["author"], each["text"]) for each in comments] == [
        (community.name("Bob"), "Thanks 2"),
        (community.name("Bob"), "Thanks 1"),
    ]
    name = community.name("Ann")
    assert result.text == (
        "1 post of users whom you follow, newest first: "
        f"{name}'s post “Water” of Sun, Nov 22, 2026, 2:00\N{NARROW NO-BREAK SPACE}PM, 1 like."
    )


@pytest.mark.parametrize(
    ("audience", "seen_by"),
    [
        ("everybody", {"stranger", "follower", "friend", "author"}),
        ("followers", {"follower", "friend", "author"}),
        ("friends", {"friend", "author"}),
        ("nobody", {"author"}),
    ],
)
def test_author_decides_who_sees_activity(community: Community, audience: str, seen_by: set[str]) -> None:
    """In the feed and the search, for likes, comments and pages; also for what was published before."""
    author = community.join("Author")
    readers = {name: community.join(name) for name in ("stranger", "follower", "friend")} | {"author": author}
    follow(community, readers["follower"], author)
    community.befriend(readers["friend"], author)
    word = new_word()
    post_id = post(author, word)
    community.set(author, who_sees_activity=audience)
    assert {name for name, reader in readers.items() if find(reader, word)} == seen_by
    for name, reader in readers.items():
        calls = (
            lambda reader=reader: reader.call(like_post, f'{{"post": "{post_id}"}}'),
            lambda reader=reader: reader.call(comment_on_post, f'{{"post": "{post_id}", "comment": "Hi"}}'),
            lambda reader=reader: reader.call(get_feed, f'{{"before": "{post_id}"}}'),
        )
        if name in seen_by:
            assert all(call() for call in calls)
        else:
            assert {error_of(call).error.code for call in calls} == {"post_not_found"}
    assert len(community.rows("post_likes", "post_id", post_id)) == len(seen_by)
    expected = (["friends"] if "friend" in seen_by else []) + (["following"] if "follower" in seen_by else [])
    listed = [
        filter_
        for filter_, name in (("friends", "friend"), ("following", "follower"))
        if word in read(readers[name], filter_)
    ]
    assert listed == expected


def test_comment_of_a_user_is_seen_by_those_who_see_the_activity(community: Community) -> None:
    """Others don't see it, and don't count it."""
    author, writer, friend = (community.join(name) for name in ("Author", "Writer", "Friend"))
    community.befriend(writer, friend)
    community.set(writer, who_sees_activity="friends")
    word = new_word()
    post_id = post(author, word)
    raw = f'{{"post": "{post_id}", "comment": "Hi"}}'
    assert writer.preview(comment_on_post, raw) == (
        f"Comment on {community.name('Author')}'s post as “{community.name('Writer')}”, for your friends to read"
        " who also see the post:\nHi"
    )
    writer.call(comment_on_post, raw)
    counts = [
        reader.call(search_posts, f'{{"query": "{word}"}}').data["posts"][0]["comment_count"]
        for reader in (author, writer, friend)
    ]
    assert counts == [0, 1, 1]


def test_post_of_a_user_without_a_name_is_seen_by_all(caller: Caller, community: Community) -> None:
    """As its preview said."""
    word = new_word()
    post_id = post(caller, word)
    reader = community.join("Reader")
    [item] = reader.call(search_posts, f'{{"query": "{word}"}}').data["posts"]
    assert (item["author"], item["is_own"]) == (None, False)
    assert (
        reader.call(like_post, f'{{"post": "{post_id}"}}').text == "You like a post without a name now: it has 1 like."
    )


def test_preview_of_a_post_names_those_who_will_see_it(community: Community) -> None:
    author = community.join("Author", who_sees_activity="followers")
    preview = author.preview(create_post, '{"content": "Hello"}')
    assert preview == f"Publish this as “{community.name('Author')}”, for your followers and friends to read:\nHello"


def test_search_finds_all_words_in_any_form(community: Community) -> None:
    """In the title, the text, the place and the tags; a phrase in quotes; without an excluded word."""
    author, reader = community.join("Author"), community.join("Reader")
    word = new_word()
    post(author, f"{word} two campsites by the river", ', "title": "Quiet", "place": "Moab", "tags": ["Dump Station"]')
    assert len(find(reader, f"{word} campsite")) == 1
    assert len(find(reader, f"quiet {word} moab dump")) == 1
    assert len(find(reader, f'{word} \\"by the river\\"')) == 1
    assert find(reader, f'{word} \\"river the by campsites\\"') == []
    assert find(reader, f"{word} lake") == find(reader, f"{word} -river") == []
    assert find(reader, "the and of") == find(reader, "\N{FIRE} !!!") == []


def test_search_is_limited_to_tags_and_place(community: Community) -> None:
    """All of the tags, in any case; a place with or without its state."""
    author, reader = community.join("Author"), community.join("Reader")
    word = new_word()
    post(author, f"{word} a", ', "place": "Moab", "tags": ["water", "free"]')
    post(author, f"{word} b", ', "place": "Moab, Utah", "tags": ["water"]')
    post(author, f"{word} c", ', "place": "Durango, Colorado"')
    assert find(reader, word, ', "tags": ["#Water"]') == [f"{word} b", f"{word} a"]
    assert find(reader, word, ', "tags": ["water", "FREE"]') == [f"{word} a"]
    assert find(reader, word, ', "place": "moab, utah"') == [f"{word} b", f"{word} a"]
    assert find(reader, word, ', "place": "Colorado"') == [f"{word} c"]
    assert find(reader, word, ', "place": "Denver"') == []
    assert len(find(reader, word, ', "limit": 2')) == 2


@pytest.mark.parametrize("content", ["long ", "<", "\N{FIRE}", "ж"])
def test_result_of_a_hundred_long_posts_is_small(community: Community, content: str) -> None:
    """As many as fit in 8 KB, each with a shortened text; the rest by `before`."""
    author, reader = community.join("Author"), community.join("Reader")
    follow(community, reader, author)
    tags = ", ".join(f'"{content.strip()}{number:02}{"x" * 40}"' for number in range(20))
    with community.database.session(author.id, author.context.deadline) as connection:
        for number in range(30):
            connection.execute(
                "insert into posts (author_id, title, content, place, tags, created_at)"
                " values (%s, %s, %s, %s, %s, %s)",
                (
                    author.id, (content * 200)[:200], (content * 5000)[:5000], (content * 200)[:200],
                    [tag.strip(' "') for tag in tags.split(",")], datetime(2026, 1, 1, number % 24, number, tzinfo=UTC),
                ),
            )  # fmt: skip
    seen: list[str] = []
    before = ""
    while True:
        result = reader.call(get_feed, f'{{"filter": "following", "limit": 100{before}}}')
        assert len(result_json(result).encode()) <= 8192
        assert all(item["is_shortened"] for item in result.data["posts"])
        seen += [item["id"] for item in result.data["posts"]]
        if not result.data["there_are_more"]:
            break
        before = f', "before": "{seen[-1]}"'
    assert len(seen) == len(set(seen)) == 30


def test_like_counts_once_and_is_taken_back(community: Community) -> None:
    """Of each user; the count is that of all."""
    author, one, other = (community.join(name) for name in ("Author", "One", "Other"))
    post_id = post(author, "Hello", ', "title": "Hi"')
    raw, back = f'{{"post": "{post_id}"}}', f'{{"post": "{post_id}", "unlike": true}}'
    label = f"{community.name('Author')}'s post “Hi”"
    assert one.call(like_post, back).text == f"You didn't like {label}: it has 0 likes."
    assert one.call(like_post, raw).text == f"You like {label} now: it has 1 like."
    again = one.call(like_post, raw)
    assert again.data == {"post": post_id, "liked": True, "likes": 1, "changed": False}
    assert again.effect is not None and again.effect.undo_until is None
    assert other.call(like_post, raw).data["likes"] == 2
    assert author.call(like_post, raw).text == "You like your post “Hi” now: it has 3 likes."
    assert one.call(like_post, back).data == {"post": post_id, "liked": False, "likes": 2, "changed": True}


def test_preview_of_a_like_names_the_post(community: Community) -> None:
    """As a turn with texts of others shows it, which the post's id would tell nobody."""
    author, reader = community.join("Author"), community.join("Reader")
    post_id = post(author, "Hello", ', "title": "Hi"')
    label = f"{community.name('Author')}'s post “Hi”"
    raw = f'{{"post": "{post_id}"'
    assert reader.preview(like_post, raw + "}") == f"Like {label}."
    assert reader.preview(like_post, raw + ', "unlike": true}') == f"Take back your like of {label}."
    approved = reader.approve(like_post, raw + "}")
    assert reader.call_approved(like_post, raw + "}", approved).data["likes"] == 1


def test_undo_of_a_like_and_of_taking_it_back_restores_the_row(community: Community) -> None:
    """With its time; a like that was given anew since is kept."""
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    author, reader = community.join("Author", clock), community.join("Reader", clock)
    post_id = post(author, "Hello")
    raw, back = f'{{"post": "{post_id}"}}', f'{{"post": "{post_id}", "unlike": true}}'
    liked = reader.call(like_post, raw)
    rows = community.rows("post_likes", "post_id", post_id)
    clock.now += timedelta(minutes=1)
    unliked = reader.call(like_post, back)
    assert reader.undo(unliked, like_post) == "You like that post again."
    assert community.rows("post_likes", "post_id", post_id) == rows
    reader.call(like_post, back)
    reader.call(like_post, raw)
    assert error_of(lambda: reader.undo(liked, like_post)).error.code == "modified_since"
    again = reader.call(like_post, back)
    assert reader.undo(liked, like_post) == "You don't like that post any more."
    assert community.rows("post_likes", "post_id", post_id) == []
    community.set(author, who_sees_activity="nobody")
    assert error_of(lambda: reader.undo(again, like_post)).error.code == "post_not_found"


def test_comment_is_published_as_previewed(community: Community) -> None:
    """Nothing before the confirmation; a repeated key comments once; a post that was hidden gets none."""
    author, writer = community.join("Author"), community.join("Writer")
    post_id = post(author, "Hello", ', "title": "Hi"')
    raw = f'{{"post": "{post_id}", "comment": "  So do we.\\nSee you! "}}'
    approved = writer.approve(comment_on_post, raw)
    label = f"{community.name('Author')}'s post “Hi”"
    assert approved.preview.text == (
        f"Comment on {label} as “{community.name('Writer')}”, for everybody who is signed in to PAM to read"
        " who also see the post:\nSo do we.\nSee you!"
    )
    assert community.rows("comments", "post_id", post_id) == []
    for _ in range(2):
        assert writer.call(comment_on_post, raw, key="k").text == f"Your comment on {label} is published."
    [row] = community.rows("comments", "post_id", post_id)
    assert row[2:4] == (writer.id, "So do we.\nSee you!")
    community.set(author, who_sees_activity="nobody")
    refused = error_of(lambda: writer.call_approved(comment_on_post, raw, approved))
    assert refused.error.code == "post_not_found"
    assert len(community.rows("comments", "post_id", post_id)) == 1


@pytest.mark.parametrize("tool", [like_post, comment_on_post])
def test_unknown_post_is_not_found(community: Community, tool: object) -> None:
    """With the same answer as one that is hidden."""
    author, reader = community.join("Author", who_sees_activity="nobody"), community.join("Reader")
    hidden = post(author, "Hello")
    more = ', "comment": "Hi"' if tool is comment_on_post else ""

    def answer(post_id: object) -> PamError:
        return error_of(lambda: reader.call(tool, f'{{"post": "{post_id}"{more}}}'))  # type: ignore[arg-type]

    assert answer(hidden).body() == answer(uuid.uuid4()).body()
    assert answer(hidden).error.code == "post_not_found"
    assert answer("17").error.code == "invalid_request"


@pytest.mark.parametrize(
    ("tool", "raw", "code"),
    [
        (get_feed, '{"filter": "enemies"}', "invalid_request"),
        (get_feed, '{"limit": 0}', "invalid_limit"),
        (get_feed, '{"limit": 101}', "invalid_limit"),
        (get_feed, '{"limit": 1.5}', "invalid_limit"),
        (get_feed, '{"limit": "5"}', "invalid_limit"),
        (get_feed, '{"limit": true}', "invalid_limit"),
        (get_feed, '{"limit": 1e999}', "invalid_limit"),
        (get_feed, '{"before": "x"}', "invalid_request"),
        (get_feed, '{"before": "5b1c7f1e-0c3a-4b36-8f0e-7d9b2f4a6c11"}', "post_not_found"),
        (search_posts, "{}", "invalid_request"),
        (search_posts, '{"query": " "}', "invalid_text"),
        (search_posts, '{"query": "' + "x" * 501 + '"}', "invalid_text"),
        (search_posts, '{"query": "x\\u0000"}', "invalid_text"),
        (search_posts, '{"query": "x", "limit": -1}', "invalid_limit"),
        (search_posts, '{"query": "x", "place": ""}', "invalid_text"),
        (search_posts, '{"query": "x", "place": "' + "x" * 201 + '"}', "invalid_text"),
        (search_posts, '{"query": "x", "tags": "water"}', "invalid_text"),
        (search_posts, '{"query": "x", "tags": [' + ", ".join(f'"{n}"' for n in range(21)) + "]}", "invalid_text"),
        (like_post, '{"post": null}', "invalid_request"),
        (like_post, '{"post": "5b1c7f1e-0c3a-4b36-8f0e-7d9b2f4a6c11", "unlike": "yes"}', "invalid_request"),
    ],
)
def test_invalid_arguments_are_rejected(caller: Caller, tool: object, raw: str, code: str) -> None:
    """Each limit with its code."""
    assert error_of(lambda: caller.call(tool, raw)).error.code == code  # type: ignore[arg-type]


@pytest.mark.parametrize("comment", ["", " ", "x" * 1001, "bell\\u0007"])
def test_invalid_comment_is_rejected(community: Community, comment: str) -> None:
    """Nothing is published."""
    post_id = post(community.join("Author"), "Hello")
    raw = f'{{"post": "{post_id}", "comment": "{comment}"}}'
    writer = community.join("Writer")
    assert error_of(lambda: writer.call(comment_on_post, raw)).error.code == "invalid_text"
    assert community.rows("comments", "post_id", post_id) == []
