import { graphql } from 'relay-runtime';

// A page of the application: one query made of the fragments of its parts.
graphql`
  query ContactPageQuery($id: ID!) {
    viewer {
      role
    }
    node(id: $id) {
      id
      ...ContactCard_contact @alias(as: "card")
      ...ContactNotes_contact @alias(as: "notes")
    }
  }
`;

// A part that can be fetched again by the id of its node.
graphql`
  fragment ContactCard_contact on Contact @refetchable(queryName: "ContactCardRefetchQuery") {
    firstName
    lastName
    cpr
    withheld {
      field
      reason
    }
    companies(first: 5) {
      nodes {
        id
        name
      }
    }
  }
`;

// A list inside an object, with its pages.
graphql`
  fragment ContactNotes_contact on Contact
  @refetchable(queryName: "ContactNotesPaginationQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    notes(first: $count, after: $cursor) @connection(key: "ContactNotes_contact_notes") {
      edges {
        cursor
        node {
          id
          text
          expiresOn
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
